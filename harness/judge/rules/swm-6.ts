import type { Nanos } from '../../clock/clock.ts';
import { formatDuration } from '../../clock/duration.ts';
import { formatEvent } from '../../trace/format.ts';
import { livesThrough, startedAt } from '../view/lives.ts';
import { clockChanges } from '../view/wall.ts';
import {
  broken,
  couldNotTell,
  defineRule,
  kept,
  listed,
  nothingSeen,
  pendingAt,
  type RuleCase,
  type RuleClient,
} from './rule.ts';
import { isSilenced, silencesOf } from './silences.ts';
import { slackOf } from './swm-3.ts';

/** The moment at which a clock was set: the client's own, or that of a server. */
interface Change {
  readonly at: Nanos;
  readonly index: number;
  readonly text: string;
}

export const SWM_6 = defineRule({
  id: 'SWM-6',
  version: 1,
  obligation:
    "the client schedules uploads by elapsed time: a clock moved forward, back, or behind the server's does not stop or flood them",
  source: 'Q226832, Q311764, Q213261',
  always: false,
  needs:
    'a clock is set (`clock`, `clock-skew`), the policy states an interval of uploads, and one passes in which no server asks for silence',
  judge(input) {
    const { clients } = input;
    if (input.view.plan.withoutRecords)
      return couldNotTell('no usage records travel in the protocol of the servers');
    const seen: string[] = [];
    let why = 'no clock was set';
    for (const client of clients) {
      const { upload } = client.policy;
      for (const change of changesOf(input, client)) {
        if (upload.everyNs === undefined) {
          why = 'the policy of the client states no interval of its uploads';
          continue;
        }
        const flood = tooSoon(input, client, upload.everyNs, change);
        if (flood) return flood;
        const next = inTime(input, client, upload.everyNs, change);
        if (typeof next === 'object') return next;
        if (next === undefined)
          why = `after ${change.text} no interval passed in which uploads could be seen`;
        else seen.push(`${change.text}, next ${upload.face} attempt at ${next}`);
      }
    }
    return seen.length > 0 ? kept(listed(seen)) : nothingSeen(why, input);
  },
});

function changesOf({ view }: RuleCase, { name }: RuleClient): readonly Change[] {
  const own = clockChanges(view, name).map(({ at, index }) => ({ at, index }));
  const servers = view.events.flatMap(({ event, at }, index) =>
    event === 'clock-skew' ? [{ at, index }] : [],
  );
  return [...own, ...servers]
    .toSorted((a, b) => a.index - b.index)
    .map((change) => ({ ...change, text: formatEvent(view.events[change.index]!) }));
}

/** Within one interval of the change the client must be at a server, and with saved usage where one takes it. */
function inTime(
  input: RuleCase,
  client: RuleClient,
  everyNs: Nanos,
  { at, index, text }: Change,
): ReturnType<typeof broken> | string | undefined {
  const { view, seesAttempts } = input;
  const { name, plan, policy } = client;
  const { face, gapNs } = policy.upload;
  const deadline = at + (everyNs > gapNs ? everyNs : gapNs) + view.passNs(plan);
  const span = { from: at, to: deadline };
  const judged =
    deadline <= view.lastAt &&
    livesThrough(view.lives(name), at, deadline) &&
    !isSilenced(silencesOf(input, name), face, span);
  const attempts = view.attemptsOn(name, face).filter((attempt) => attempt.index > index);
  const [first] = attempts;
  if (!first || first.at > deadline) {
    const hidden =
      !seesAttempts &&
      !view.plan.servers.every((server) => view.downtimes.clear(server, face, at, deadline));
    if (!judged || hidden) return undefined;
    return broken({
      expected: `an attempt on some ${face} by ${formatDuration(deadline)}, one interval (${formatDuration(everyNs)}) after ${text}`,
      actual: first ? formatEvent(view.events[first.index]!) : 'none any more',
      by: first ? `${formatDuration(first.at - deadline)} too late` : 'the uploads have stopped',
      ...(first && { marginNs: first.at - deadline }),
      index,
    });
  }
  const up = view.plan.servers.filter((server) => view.downtimes.clear(server, face, at, deadline));
  const offered = view
    .eventsOf(name, 'upload-offer')
    .some(({ index: place, event }) => place > index && event.at <= deadline);
  if (judged && up.length > 0 && !offered && pendingAt(input, name, at, deadline).length > 0)
    return broken({
      expected: `upload-offer on ${up[0]}.${face} by ${formatDuration(deadline)}, one interval (${formatDuration(everyNs)}) after ${text}`,
      actual: 'none: there was saved usage, and that server was up',
      by: 'the uploads have stopped',
      index: first.index,
    });
  return formatDuration(first.at);
}

/** A pass that begins sooner than an interval after the one before began, and that is no retry of it. */
function tooSoon(
  { view, seesAttempts }: RuleCase,
  { name, plan, policy }: RuleClient,
  everyNs: Nanos,
  change: Change,
): ReturnType<typeof broken> | undefined {
  const { face, gapNs } = policy.upload;
  const lives = view.lives(name);
  // Where some attempts were not seen, nobody knows where a pass began.
  const isUp = (server: string): boolean => view.downtimes.clear(server, face, 0n, view.lastAt);
  if (!seesAttempts && !view.plan.servers.every(isUp)) return undefined;
  const seriesNs = BigInt(plan.attempts) * (gapNs + view.passNs(plan));
  let begun: { at: Nanos; bornAt: Nanos | undefined } | undefined;
  for (const { at, index } of view.attemptsOn(name, face)) {
    const bornAt = startedAt(lives, at);
    if (!begun || begun.bornAt !== bornAt) {
      // The first interval counts from the start of the process.
      const early = bornAt === undefined ? 0n : bornAt + everyNs - slackOf(everyNs) - at;
      if (early > 0n && index > change.index && change.at >= bornAt!)
        return soon(view.events[index]!, bornAt!);
      begun = { at, bornAt };
      continue;
    }
    if (at - begun.at <= seriesNs) continue;
    if (index > change.index && at - begun.at < everyNs - slackOf(everyNs))
      return soon(view.events[index]!, begun.at);
    begun = { at, bornAt };
  }
  return undefined;

  function soon(event: (typeof view.events)[number], since: Nanos): ReturnType<typeof broken> {
    return broken({
      expected: `no pass over the ${face}s before ${formatDuration(since + everyNs)}: the interval is ${formatDuration(everyNs)}, whatever the clock says (${change.text})`,
      actual: formatEvent(event),
      by: `${formatDuration(since + everyNs - event.at)} too soon`,
      marginNs: since + everyNs - slackOf(everyNs) - event.at,
      index: view.events.indexOf(event),
    });
  }
}
