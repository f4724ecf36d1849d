import { SECOND, type Nanos } from '../../clock/clock.ts';
import { formatDuration } from '../../clock/duration.ts';
import { formatEvent } from '../../trace/format.ts';
import type { PhasePolicy } from '../policy.ts';
import { failed } from '../view/attempts.ts';
import { startedAt } from '../view/lives.ts';
import { judgeGaps } from './opaque/gap.ts';
import {
  broken,
  counted,
  defineRule,
  kept,
  listed,
  nothingSeen,
  type RuleCase,
  type RuleClient,
} from './rule.ts';
import { slackOf } from './swm-3.ts';

export const RT_1 = defineRule({
  id: 'RT-1',
  version: 1,
  obligation: 'the client leaves at least the configured delay between attempts on one server',
  source: 'gRPC connection backoff; the delay is configured',
  always: false,
  needs: 'a server is tried again after a failed attempt; attempts can be seen',
  judgeOpaque: judgeGaps,
  judge(input) {
    const { view, clients } = input;
    const seen: string[] = [];
    for (const client of clients)
      for (const phase of phasesOf(client))
        for (const server of view.plan.servers) {
          const attempts = view.attemptsOn(client.name, phase.face, server);
          const gaps: string[] = [];
          for (const [place, attempt] of attempts.entries()) {
            const before = attempts[place - 1];
            if (!before || !failed(before)) continue;
            // A second connection beside one that is still open is no retry.
            if (before.kind === 'connect' && attempt.at < before.failure!.at) continue;
            const lives = view.lives(client.name);
            if (startedAt(lives, before.at) !== startedAt(lives, attempt.at)) continue;
            const gap = attempt.at - before.at;
            const least = phase.gapNs - slackOf(phase.gapNs);
            if (gap < least && !isPoll(input, client, phase, before.at, attempt.at))
              return broken({
                expected: `at least ${formatDuration(phase.gapNs)} between a failed attempt on ${server}.${phase.face} and the next`,
                actual: formatEvent(view.events[attempt.index]!),
                by: `${formatDuration(gap)} after the attempt before: ${formatDuration(phase.gapNs - gap)} too soon`,
                marginNs: least - gap,
                index: attempt.index,
              });
            gaps.push(formatDuration(gap));
          }
          if (gaps.length > 0)
            seen.push(
              `${counted(gaps.length + 1, 'attempt')} on ${server}.${phase.face}, gaps ${listed(gaps)}`,
            );
        }
    if (seen.length > 0) return kept(seen.join('; '));
    return nothingSeen('no server was tried again after a failed attempt', input);
  },
});

function phasesOf({ policy }: RuleClient): readonly PhasePolicy[] {
  return policy.acquire ? [policy.acquire, policy.upload] : [policy.upload];
}

/** A poll fell due between the two: it counts from the start of the client, not from the last failure. */
export function isPoll(
  { view }: RuleCase,
  { name, plan }: RuleClient,
  { everyNs }: PhasePolicy,
  before: Nanos,
  at: Nanos,
): boolean {
  const bornAt = startedAt(view.lives(name), at);
  if (everyNs === undefined || bornAt === undefined) return false;
  const polls = (at - bornAt + SECOND) / everyNs;
  const dueAt = bornAt + polls * everyNs;
  return polls > 0n && dueAt > before + SECOND && at <= dueAt + view.passNs(plan);
}
