import { formatDuration } from '../../clock/duration.ts';
import type { TraceEvent } from '../../trace/event.ts';
import { formatEvent } from '../../trace/format.ts';
import type { PhasePolicy } from '../policy.ts';
import type { Attempt } from '../view/attempts.ts';
import { startedAt } from '../view/lives.ts';
import { judgeWayBack } from './opaque/way-back.ts';
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
import { slackOf } from './swm-3.ts';

/** A question to a server that the client had left for one behind it in the list. */
interface Return {
  readonly index: number;
  readonly event: TraceEvent;
  /** The server that it left for it. */
  readonly left: string;
}

export const FO_5 = defineRule({
  id: 'FO-5',
  version: 1,
  obligation:
    'the client does not flap: a returned server proves itself before the client goes back',
  source: 'RFC 3539 §3.4.1',
  always: false,
  needs:
    'a client asks a server for a licence after it had asked one behind it in the list, in one life',
  judgeOpaque: judgeWayBack,
  judge(input) {
    const returns: string[] = [];
    for (const client of input.clients)
      for (const back of returnsOf(input, client)) {
        const outcome = judgeReturn(input, client, client.policy.acquire!, back);
        if (typeof outcome === 'object') return outcome;
        returns.push(outcome);
      }
    if (returns.length > 0) return kept(`${counted(returns.length, 'return')}: ${listed(returns)}`);
    return nothingSeen('no client went back to a server that it had left', input);
  },
});

function returnsOf({ view }: RuleCase, { name, policy }: RuleClient): readonly Return[] {
  const order = policy.acquire?.order;
  if (!order) return [];
  const lives = view.lives(name);
  const requests = view.eventsOf(name, 'lease-request');
  return requests.flatMap(({ index, event }, number): Return[] => {
    const before = requests[number - 1]?.event;
    if (!before || startedAt(lives, before.at) !== startedAt(lives, event.at)) return [];
    const isBack = order.indexOf(event.actor) < order.indexOf(before.actor);
    return isBack ? [{ index, event, left: before.actor }] : [];
  });
}

function judgeReturn(
  { view }: RuleCase,
  { name }: RuleClient,
  { face, gapNs, failback, provedAfterNs }: PhasePolicy,
  { index, event, left }: Return,
): Outcome | string {
  const { actor: server, at } = event;
  const place = `${server}.${face}`;
  const attempts = view.attemptsOn(name, face, server).filter((other) => other.index < index);
  // A busy server keeps the connection: to ask there again is the only way to find out.
  const failures = attempts.filter(
    ({ failure }) => failure && failure.index < index && failure.kind !== 'busy',
  );
  const lost = failures.at(-1);
  if (failback.kind === 'never' && !failedSince(view.attemptsOn(name, face, left), index))
    return broken({
      expected: `lease-request on ${left}.${face}: the client does not go back while that answers`,
      actual: formatEvent(event),
      by: `back to ${place} although ${left}.${face} had not failed`,
      index,
    });
  const since = lost?.failure!.index ?? -1;
  const proofs = attempts.filter(({ answers }) =>
    answers.some((answer) => answer.index > since && answer.index < index),
  );
  const wanted = failback.kind === 'after-probes' ? failback.probes : 0;
  if (lost && proofs.length < wanted)
    return broken({
      expected: `${counted(wanted, 'good answer')} of ${place} before the client goes back to it`,
      actual: formatEvent(event),
      by: `${counted(proofs.length, 'good answer')} since it failed at ${formatDuration(lost.failure!.at)}`,
      index,
    });
  const used = attempts.findLast(({ events }) => events.some((other) => other.index === index));
  const early =
    used &&
    failures.findLast((other) => isUnproved(other, provedAfterNs) && other.index < used.index);
  const least = gapNs - slackOf(gapNs);
  if (early && used.at - early.at < least)
    return broken({
      expected: `no way back to ${place} before ${formatDuration(early.at + gapNs)}: it failed at ${formatDuration(early.failure!.at)}`,
      actual: formatEvent(event),
      by: `${formatDuration(used.at - early.at)} after the attempt that failed`,
      marginNs: least - (used.at - early.at),
      index,
    });
  const after = lost ? `, ${formatDuration(at - lost.failure!.at)} after it had failed` : '';
  return `to ${place} at ${formatDuration(at)}${after}`;
}

function failedSince(attempts: readonly Attempt[], index: number): boolean {
  const before = attempts.filter((attempt) => attempt.index < index).at(-1);
  return before?.failure !== undefined && before.failure.index < index;
}

/** It failed, or was lost before it had been good for long enough. */
function isUnproved({ failure, at, answers }: Attempt, provedAfterNs: bigint): boolean {
  if (!failure) return false;
  return (failure.asked && answers.length === 0) || failure.at - at < provedAfterNs;
}
