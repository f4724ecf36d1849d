// What happened after a server failed: shared by SWM-1 and FO-2.
import type { Nanos } from '../../clock/clock.ts';
import { type Attempt, type Failure, failed, UNAVAILABLE } from '../view/attempts.ts';
import { livesThrough, startedAt } from '../view/lives.ts';
import type { Run } from '../view/runs.ts';
import { heldAt, type Lease, leasesOf } from './leases.ts';
import { lastBelow, pendingAt, type RuleCase, type RuleClient } from './rule.ts';

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
  return attempts.flatMap((attempt, number): Failover[] => {
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
    const next = attempts[number + 1];
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
  const goods = attempts
    .flatMap(({ answers }) => answers.map(({ index }) => index))
    .toSorted((a, b) => a - b);
  const leases = leasesOf(view, client.name);
  const lives = view.lives(client.name);
  const found: Failover[] = [];
  let outage = newOutage(-1, undefined);
  for (const [number, attempt] of attempts.entries()) {
    const { failure, server, at } = attempt;
    const good = lastBelow(goods, attempt.index);
    const bornAt = startedAt(lives, at);
    if (good !== outage.since || bornAt !== outage.bornAt) outage = newOutage(good, bornAt);
    const place = order.indexOf(server);
    outage.furthest = Math.max(outage.furthest, place);
    if (!failure || place < 0 || !UNAVAILABLE.has(failure.kind) || !failed(attempt)) continue;
    const series = outage.failed.get(server) ?? [];
    outage.failed.set(server, series);
    series.push(attempt);
    const first = series.at(-phase.attempts);
    if (!first || outage.furthest > place) continue;
    const deadline = failure.at + passNs;
    const span = { from: first.at, at: failure.at, to: deadline };
    if (!needsLicence(view.runs(client.name), leases, server, span)) continue;
    const available = availableAfter(input, order.slice(place + 1), face, failure.at, deadline);
    if (available.length === 0 || !livesThrough(lives, at, deadline)) continue;
    let used: Attempt | undefined;
    for (let next = number + 1; !used && next < attempts.length; next++) {
      const other = attempts[next]!;
      if (other.at > deadline) break;
      if (order.indexOf(other.server) > place) used = other;
    }
    if (!used && view.lastAt < deadline) continue;
    const next = attempts[number + 1];
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

/** The time since any server last answered, within the life of one process. */
interface Outage {
  readonly since: number;
  readonly bornAt: Nanos | undefined;
  /** Failed attempts by server. */
  readonly failed: Map<string, Attempt[]>;
  /** Place in the order of the furthest server that was tried. */
  furthest: number;
}

function newOutage(since: number, bornAt: Nanos | undefined): Outage {
  return { since, bornAt, failed: new Map(), furthest: -1 };
}

export function availableAfter(
  { view }: RuleCase,
  later: readonly string[],
  face: string,
  from: Nanos,
  to: Nanos,
): readonly string[] {
  return later.filter((server) => view.downtimes.clear(server, face, from, to));
}

/** A program that runs from `from` to `to`, was not denied, and at `at` holds no licence of another server. */
export function needsLicence(
  runs: readonly Run[],
  leases: readonly Lease[],
  server: string,
  { from, at, to }: { readonly from: Nanos; readonly at: Nanos; readonly to: Nanos },
): boolean {
  const elsewhere = heldAt(leases, at).filter((lease) => lease.server !== server);
  return runs.some(
    ({ program, startAt, stopAt, denied }) =>
      !denied &&
      startAt <= from &&
      (stopAt === undefined || stopAt > to) &&
      !elsewhere.some((lease) => lease.program === program),
  );
}
