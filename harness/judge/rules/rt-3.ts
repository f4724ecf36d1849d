import type { Nanos } from '../../clock/clock.ts';
import { formatDuration } from '../../clock/duration.ts';
import { formatEvent } from '../../trace/format.ts';
import type { PhasePolicy } from '../policy.ts';
import { type Attempt, failed, UNAVAILABLE } from '../view/attempts.ts';
import { startedAt } from '../view/lives.ts';
import { acquireFailovers } from './failover.ts';
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
import { isPoll } from './rt-1.ts';
import { slackOf } from './swm-3.ts';

export const RT_3 = defineRule({
  id: 'RT-3',
  version: 1,
  obligation:
    'the client resets its back-off only after a useful answer, not after a mere TCP connect',
  source: 'gRPC connection backoff',
  always: false,
  needs: 'a server accepts a connection and gives no useful answer on it, and is tried again',
  judge(input) {
    const { view, clients } = input;
    const seen: string[] = [];
    for (const client of clients) {
      for (const phase of phasesOf(client))
        for (const server of view.plan.servers) {
          const gaps = gapsAfterConnect(input, client, phase, server);
          if (!Array.isArray(gaps)) return gaps;
          if (gaps.length > 0)
            seen.push(
              `${counted(gaps.length, 'connection')} on ${server}.${phase.face} without a useful answer, next after ${listed(gaps)}`,
            );
        }
      const forgotten = startedOver(input, client);
      if (forgotten) return forgotten;
    }
    if (seen.length > 0) return kept(seen.join('; '));
    return nothingSeen('no server accepted a connection and gave no useful answer on it', input);
  },
});

function phasesOf({ policy }: RuleClient): readonly PhasePolicy[] {
  return policy.acquire ? [policy.acquire, policy.upload] : [policy.upload];
}

/** A connection that was accepted and came to nothing, or that the server let go before it had proved itself. */
function isUseless({ kind, failure, at, answers }: Attempt, provedAfterNs: Nanos): boolean {
  if (kind !== 'connect' || !failure || !UNAVAILABLE.has(failure.kind)) return false;
  return failure.asked ? answers.length === 0 : failure.at - at < provedAfterNs;
}

function gapsAfterConnect(
  input: RuleCase,
  client: RuleClient,
  phase: PhasePolicy,
  server: string,
): Outcome | string[] {
  const { view } = input;
  const { face, gapNs, provedAfterNs } = phase;
  const lives = view.lives(client.name);
  const attempts = view.attemptsOn(client.name, face, server);
  const gaps: string[] = [];
  for (const [number, before] of attempts.entries()) {
    const next = attempts[number + 1];
    if (!next || !isUseless(before, provedAfterNs) || next.at < before.failure!.at) continue;
    if (startedAt(lives, before.at) !== startedAt(lives, next.at)) continue;
    const gap = next.at - before.at;
    const least = gapNs - slackOf(gapNs);
    if (gap < least && !isPoll(input, client, phase, before.at, next.at))
      return broken({
        expected: `at least ${formatDuration(gapNs)} between a connection on ${server}.${face} that came to nothing and the next`,
        actual: formatEvent(view.events[next.index]!),
        by: `${formatDuration(gap)} after it: a mere connect is no reason to begin anew`,
        marginNs: least - gap,
        index: next.index,
      });
    gaps.push(formatDuration(gap));
  }
  return gaps;
}

/** The attempts count on, although the server accepts each connection: when they are used up, the next server is due. */
function startedOver(input: RuleCase, client: RuleClient): Outcome | undefined {
  const missed = acquireFailovers(input, client).find(
    ({ attempt, usedIndex }) =>
      usedIndex === undefined && attempt.kind === 'connect' && failed(attempt),
  );
  if (!missed) return undefined;
  const { attempt, available, deadline, failure } = missed;
  return broken({
    expected: `${available[0]}.${attempt.face} in use by ${formatDuration(deadline)}: the attempts on ${attempt.server}.${attempt.face} are used up`,
    actual: missed.next
      ? formatEvent(input.view.events[missed.next.index]!)
      : `no attempt on any ${attempt.face} any more`,
    by: 'the count began anew with each connect',
    index: failure.index,
  });
}
