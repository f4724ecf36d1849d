// What happened after a server failed: shared by SWM-1 and FO-2.
import type { Nanos } from '../../clock/clock.ts';
import { type Attempt, type Failure, failed, UNAVAILABLE } from '../view/attempts.ts';
import { livesThrough } from '../view/lives.ts';
import { leasesHeld } from './leases.ts';
import { pendingAt, type RuleCase, type RuleClient } from './rule.ts';

/** A failure that called for the next server, which was there. */
export interface Failover {
  readonly attempt: Attempt;
  readonly failure: Failure;
  /** Servers that came next in the list and were up all the time. */
  readonly available: readonly string[];
  readonly deadline: Nanos;
  /** Index of the event that shows the next server in use; absent: it came too late, or never. */
  readonly usedIndex?: number;
  /** What the client did instead. */
  readonly next?: Attempt;
}

/** Failures while there was usage to upload. The next server must be offered records in the same pass. */
export function uploadFailovers(input: RuleCase, client: RuleClient): readonly Failover[] {
  const { view } = input;
  const { face, order } = client.policy.upload;
  const passNs = view.passNs(client.plan);
  const offers = view.eventsOf(client.name, 'upload-offer');
  const attempts = view.attemptsOn(client.name, face);
  return attempts.flatMap((attempt): Failover[] => {
    const { failure, server } = attempt;
    const place = order?.indexOf(server) ?? -1;
    if (!failure || !UNAVAILABLE.has(failure.kind) || !order || place < 0) return [];
    // What was saved while the pass was under way may have to wait for the next one.
    const owedBy = place === 0 ? attempt.at : attempt.at - passNs;
    if (pendingAt(input, client.name, owedBy, failure.at).length === 0) return [];
    const deadline = failure.at + passNs;
    const available = availableAfter(input, order.slice(place + 1), face, failure.at, deadline);
    const judged =
      available.length > 0 && livesThrough(view.lives(client.name), attempt.at, deadline);
    const used = offers.find(
      ({ index, event }) => index > failure.index && event.actor !== server && event.at <= deadline,
    );
    if (!judged || (!used && view.lastAt < deadline)) return [];
    const next = attempts.find(({ index }) => index > failure.index);
    return [
      {
        attempt,
        failure,
        available,
        deadline,
        ...(used && { usedIndex: used.index }),
        ...(next && { next }),
      },
    ];
  });
}

/**
 * Servers whose attempts were used up while a program needed a licence and had none elsewhere: the first time in an outage.
 * The next server must be tried right after.
 */
export function acquireFailovers(input: RuleCase, client: RuleClient): readonly Failover[] {
  const { view } = input;
  const phase = client.policy.acquire;
  if (!phase?.order) return [];
  const { face, order } = phase;
  const passNs = view.passNs(client.plan);
  const attempts = view.attemptsOn(client.name, face);
  const goods = attempts.flatMap(({ answers }) => answers.map(({ index }) => index));
  const found: Failover[] = [];
  for (const attempt of attempts) {
    const { failure, server, at } = attempt;
    const place = order.indexOf(server);
    if (!failure || place < 0 || !UNAVAILABLE.has(failure.kind) || !failed(attempt)) continue;
    const since = Math.max(-1, ...goods.filter((index) => index < attempt.index));
    const outage = attempts.filter(
      ({ index, at: tried }) =>
        index > since && index <= attempt.index && livesThrough(view.lives(client.name), tried, at),
    );
    const series = outage.filter((other) => other.server === server && failed(other));
    const deadline = failure.at + passNs;
    const first = series.at(-phase.attempts);
    if (!first) continue;
    const span = { from: first.at, at: failure.at, to: deadline };
    if (!needsLicence(input, client.name, server, span)) continue;
    if (outage.some((other) => order.indexOf(other.server) > place)) continue;
    const available = availableAfter(input, order.slice(place + 1), face, failure.at, deadline);
    if (available.length === 0) continue;
    if (!livesThrough(view.lives(client.name), at, deadline)) continue;
    const used = attempts.find(
      (other) =>
        other.index > attempt.index && other.at <= deadline && order.indexOf(other.server) > place,
    );
    if (!used && view.lastAt < deadline) continue;
    const next = attempts.find(({ index }) => index > failure.index);
    found.push({
      attempt,
      failure,
      available,
      deadline,
      ...(used && { usedIndex: used.index }),
      ...(next && { next }),
    });
  }
  return found;
}

function availableAfter(
  { view }: RuleCase,
  later: readonly string[],
  face: string,
  from: Nanos,
  to: Nanos,
): readonly string[] {
  return later.filter((server) => view.downtimes.clear(server, face, from, to));
}

/** A program that runs from `from` to `to`, was not denied, and at `at` holds no licence of another server. */
function needsLicence(
  { view }: RuleCase,
  client: string,
  server: string,
  { from, at, to }: { readonly from: Nanos; readonly at: Nanos; readonly to: Nanos },
): boolean {
  const elsewhere = leasesHeld(view, client, at).filter((lease) => lease.server !== server);
  return view
    .runs(client)
    .some(
      ({ program, startAt, stopAt, denied }) =>
        !denied &&
        startAt <= from &&
        (stopAt === undefined || stopAt > to) &&
        !elsewhere.some((lease) => lease.program === program),
    );
}
