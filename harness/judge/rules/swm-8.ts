import { SECOND, type Nanos } from '../../clock/clock.ts';
import { formatDuration } from '../../clock/duration.ts';
import type { TraceEvent } from '../../trace/event.ts';
import { formatEvent } from '../../trace/format.ts';
import { livesThrough, startedAt } from '../view/lives.ts';
import { availableAfter, needsLicence } from './failover.ts';
import { leasesOf } from './leases.ts';
import {
  broken,
  counted,
  couldNotTell,
  defineRule,
  kept,
  listed,
  type Outcome,
  type RuleCase,
  type RuleClient,
} from './rule.ts';
import { slackOf } from './swm-3.ts';

/** What is asked of a server on a connection; `busy` stands for requests that have no word of their own. */
const REQUESTS = [
  'hello',
  'lease-request',
  'lease-renew',
  'lease-release',
  'lease-checkout',
  'lease-checkin',
  'callback-request',
  'configuration',
  'busy',
];
/** Answers after which a server is not busy any more. */
const GOOD = ['lease-grant', 'lease-deny', 'lease-renew', 'lease-release'];
/** Requests that were sent before the answer was read come within that. */
const TOGETHER: Nanos = SECOND;

interface Answer {
  readonly index: number;
  readonly event: TraceEvent;
}

export const SWM_8 = defineRule({
  id: 'SWM-8',
  version: 1,
  obligation:
    'the client waits for a busy service at the configured pace, then treats the server as unavailable',
  source: 'Q245228',
  always: false,
  needs: 'an online client meets a busy server, and it asks again or lives until it might',
  judge(input) {
    const { view, clients } = input;
    const waits: string[] = [];
    for (const client of clients) {
      if (!client.policy.acquire) continue;
      for (const busy of view.eventsOf(client.name, 'busy')) {
        const waited = paceAfter(input, client, busy);
        if (typeof waited === 'object') return waited;
        if (waited !== undefined) waits.push(waited);
      }
      const stayed = notGivenUp(input, client);
      if (stayed) return stayed;
    }
    return waits.length > 0
      ? kept(listed(waits))
      : couldNotTell('no server was busy for long enough');
  },
});

/** Nothing is asked there before the delay, and the time that the server names, have passed. */
function paceAfter(
  { view, divisor }: RuleCase,
  { name, policy }: RuleClient,
  { index, event }: Answer,
): Outcome | string | undefined {
  const { gapNs } = policy.acquire!;
  const named = BigInt(Math.round(Number(event.fields['retry-after'] ?? 0) * divisor)) * SECOND;
  const waitNs = named > gapNs ? named : gapNs;
  const together = waitNs / 2n < TOGETHER ? waitNs / 2n : TOGETHER;
  const lives = view.lives(name);
  const bornAt = startedAt(lives, event.at);
  const asked = view
    .eventsOf(name, ...REQUESTS)
    .filter(
      (other) =>
        other.index > index &&
        other.event.actor === event.actor &&
        other.event.face === event.face &&
        startedAt(lives, other.event.at) === bornAt,
    );
  const early = asked.filter(({ event: { at } }) => at < event.at + waitNs - slackOf(waitNs));
  const allowed = view.runs(name).length + 1;
  // One that was refused in the middle of several questions had sent them all.
  const hasty =
    early.find(({ event: { at } }) => at > event.at + together) ??
    early.filter((other) => other.event.event === 'busy')[allowed];
  if (hasty)
    return broken({
      expected: `nothing on ${event.actor}.${event.face} before ${formatDuration(event.at + waitNs)}: it was busy at ${formatDuration(event.at)}`,
      actual: formatEvent(hasty.event),
      by: `asked again after ${formatDuration(hasty.event.at - event.at)}`,
      marginNs: event.at + waitNs - slackOf(waitNs) - hasty.event.at,
      index: hasty.index,
    });
  const next = asked.find(({ event: { at } }) => at >= event.at + waitNs - slackOf(waitNs));
  const place = `${event.actor}.${event.face}, busy at ${formatDuration(event.at)}`;
  if (next) return `${place}, asked again at ${formatDuration(next.event.at)}`;
  const until = event.at + waitNs;
  const lived = until <= view.lastAt && livesThrough(lives, event.at, until);
  return lived ? `${place}, not asked again` : undefined;
}

/** When the attempts are used up and a run still waits for its licence, the next server that is up is asked. */
function notGivenUp(input: RuleCase, client: RuleClient): Outcome | undefined {
  const { view } = input;
  const { name, policy, plan } = client;
  const { face, order, attempts, gapNs } = policy.acquire!;
  const [assigned, ...later] = order ?? [];
  if (assigned === undefined || later.length === 0) return undefined;
  const lives = view.lives(name);
  const leases = leasesOf(view, name);
  let rounds: TraceEvent[] = [];
  for (const { event, index } of view.eventsOf(name, 'busy', ...GOOD)) {
    if (event.actor !== assigned || event.face !== face) continue;
    const [first] = rounds;
    const isNewLife = first && startedAt(lives, first.at) !== startedAt(lives, event.at);
    if (event.event !== 'busy' || isNewLife) rounds = [];
    if (event.event !== 'busy') continue;
    const last = rounds.at(-1);
    if (!last || event.at - last.at > TOGETHER) rounds.push(event);
    // A little more than its attempts: a first one may not have counted.
    if (rounds.length <= attempts) continue;
    const from = rounds[0]!.at;
    const deadline = event.at + view.passNs(plan);
    const span = { from, at: event.at, to: deadline };
    const judged =
      deadline <= view.lastAt &&
      livesThrough(lives, from, deadline) &&
      needsLicence(view.runs(name), leases, assigned, span);
    const next = availableAfter(input, later, face, from - gapNs, deadline);
    const tried = view
      .attemptsOn(name, face)
      .some(
        (attempt) => attempt.server !== assigned && attempt.at >= from && attempt.at <= deadline,
      );
    if (!judged || next.length === 0 || tried) continue;
    return broken({
      expected: `${next[0]}.${face} asked by ${formatDuration(deadline)}: ${assigned}.${face} has been busy since ${formatDuration(from)}, and a program waits for its licence`,
      actual: `${counted(rounds.length, 'busy answer')}, no other server tried`,
      by: `the ${counted(attempts, 'attempt')} were used up`,
      index,
    });
  }
  return undefined;
}
