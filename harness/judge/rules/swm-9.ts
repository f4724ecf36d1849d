import type { Nanos } from '../../clock/clock.ts';
import { formatDuration } from '../../clock/duration.ts';
import type { TraceEvent } from '../../trace/event.ts';
import { formatEvent } from '../../trace/format.ts';
import { arrivalOf } from '../view/arrival.ts';
import { livesThrough, startedAt } from '../view/lives.ts';
import {
  broken,
  counted,
  defineRule,
  kept,
  listed,
  nothingSeen,
  type Outcome,
  type RuleCase,
  type RuleClient,
} from './rule.ts';
import { isSilenced, silencesOf } from './silences.ts';

/** A configuration that was asked for and did not come, or not whole. */
interface Failed {
  readonly index: number;
  readonly event: TraceEvent;
}

export const SWM_9 = defineRule({
  id: 'SWM-9',
  version: 1,
  obligation:
    'the client, when a configuration download fails, neither repeats the upload before it, nor loops, nor stops metering',
  source: 'Q311467',
  always: false,
  needs: 'a configuration download is refused or lost, and an interval passes after it',
  judge(input) {
    const seen: string[] = [];
    for (const client of input.clients)
      for (const failed of failedDownloads(input, client)) {
        const outcome =
          repeated(input, client, failed) ??
          looped(input, client, failed) ??
          stopped(input, client, failed);
        if (typeof outcome === 'object') return outcome;
        if (outcome !== undefined)
          seen.push(
            `${failed.event.actor} at ${formatDuration(failed.event.at)}, metering went on at ${outcome}`,
          );
      }
    if (seen.length > 0) return kept(`${counted(seen.length, 'failed download')}: ${listed(seen)}`);
    return nothingSeen('no configuration download failed early enough to see what followed', input);
  },
});

function failedDownloads({ view }: RuleCase, { name, policy }: RuleClient): readonly Failed[] {
  return view.attemptsOn(name, policy.upload.face).flatMap(({ events }) =>
    events.filter(({ event }, position) => {
      if (event.event !== 'configuration') return false;
      const refused = Number(event.fields['status'] ?? 200) >= 400;
      return refused || arrivalOf(events, position).state === 'no';
    }),
  );
}

function repeated(
  { view }: RuleCase,
  { name }: RuleClient,
  { index, event }: Failed,
): Outcome | undefined {
  const lives = view.lives(name);
  const bornAt = startedAt(lives, event.at);
  for (const { record, offers } of view.records(name)) {
    const done = offers.some(
      ({ answer, arrival }) =>
        answer?.event === 'upload-accept' &&
        arrival.state === 'yes' &&
        arrival.index! < index &&
        startedAt(lives, arrival.at!) === bornAt,
    );
    const again = done ? offers.find((offer) => offer.index > index) : undefined;
    if (!again || startedAt(lives, again.at) !== bornAt) continue;
    return broken({
      expected: `no other offer of ${record}: it was acknowledged before the configuration failed at ${formatDuration(event.at)}`,
      actual: formatEvent(view.events[again.index]!),
      by: 'the upload was repeated',
      index: again.index,
    });
  }
  return undefined;
}

/** Within one interval: a pass asks each server once, and there are so many passes. */
function looped(
  { view }: RuleCase,
  { name, plan, policy }: RuleClient,
  { event, index }: Failed,
): Outcome | undefined {
  const { face, everyNs } = policy.upload;
  if (everyNs === undefined) return undefined;
  const most = view.plan.servers.length * plan.attempts;
  const asked = view
    .eventsOf(name, 'configuration')
    .filter(
      (other) =>
        other.index >= index && other.event.face === face && other.event.at < event.at + everyNs,
    );
  const extra = asked[most];
  if (
    !extra ||
    startedAt(view.lives(name), extra.event.at) !== startedAt(view.lives(name), event.at)
  )
    return undefined;
  return broken({
    expected: `at most ${counted(most, 'download')} within ${formatDuration(everyNs)}`,
    actual: formatEvent(extra.event),
    by: `${asked.length} downloads after the one that failed at ${formatDuration(event.at)}`,
    index: extra.index,
  });
}

/** When the client was at a share again; undefined: the trace does not go on for long enough. */
function stopped(
  input: RuleCase,
  { name, plan, policy }: RuleClient,
  { event, index }: Failed,
): Outcome | string | undefined {
  const { view, seesAttempts } = input;
  const { face, everyNs, gapNs } = policy.upload;
  if (everyNs === undefined) return undefined;
  const intervalNs: Nanos = everyNs > gapNs ? everyNs : gapNs;
  const deadline = event.at + intervalNs + view.passNs(plan);
  // The same pass goes on at the next server: what counts is the next one.
  const passEnd = event.at + view.passNs(plan);
  const next = view
    .attemptsOn(name, face)
    .find(
      (attempt) =>
        attempt.index > index && (attempt.at > passEnd || attempt.at - event.at > gapNs / 2n),
    );
  if (next && next.at <= deadline) return formatDuration(next.at);
  const isUp = (server: string): boolean => view.downtimes.clear(server, face, event.at, deadline);
  const judged =
    deadline <= view.lastAt &&
    livesThrough(view.lives(name), event.at, deadline) &&
    !isSilenced(silencesOf(input, name), face, { from: event.at, to: deadline }) &&
    (seesAttempts || view.plan.servers.every(isUp));
  if (!judged) return undefined;
  return broken({
    expected: `the next synchronization by ${formatDuration(deadline)}, after the download that failed at ${formatDuration(event.at)}`,
    actual: next ? formatEvent(view.events[next.index]!) : `no attempt on any ${face} any more`,
    by: next
      ? `${formatDuration(next.at - deadline)} too late`
      : 'the synchronizations have stopped',
    ...(next && { marginNs: next.at - deadline }),
    index,
  });
}
