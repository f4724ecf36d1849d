import { formatDuration } from '../../../clock/duration.ts';
import { formatEvent } from '../../../trace/format.ts';
import { startedAt } from '../../view/lives.ts';
import {
  broken,
  counted,
  kept,
  listed,
  nothingSeen,
  type Outcome,
  type RuleCase,
} from '../rule.ts';
import { slackOf } from '../swm-3.ts';
import { failureOf, isAnswered } from './connections.ts';

/** RT-1 by connections alone. A connection that had been good may be made again at once. */
export function judgeGaps(input: RuleCase): Outcome {
  const { view, clients } = input;
  const seen: string[] = [];
  for (const { name, plan } of clients)
    for (const server of view.plan.servers) {
      const attempts = view.attemptsBy(name).filter((attempt) => attempt.server === server);
      const gaps: string[] = [];
      for (const [place, attempt] of attempts.entries()) {
        const before = attempts[place - 1];
        const failure = before && failureOf(view, before);
        if (!before || !failure || isAnswered(before)) continue;
        // A second connection beside one that is still open is no retry.
        if (before.kind === 'connect' && attempt.at < failure.at) continue;
        const lives = view.lives(name);
        if (startedAt(lives, before.at) !== startedAt(lives, attempt.at)) continue;
        const gap = attempt.at - before.at;
        const least = plan.retryDelayNs - slackOf(plan.retryDelayNs);
        if (gap < least)
          return broken({
            expected: `at least ${formatDuration(plan.retryDelayNs)} between a failed attempt on ${server} and the next`,
            actual: formatEvent(view.events[attempt.index]!),
            by: `${formatDuration(gap)} after the attempt before: ${formatDuration(plan.retryDelayNs - gap)} too soon`,
            marginNs: least - gap,
            index: attempt.index,
          });
        gaps.push(formatDuration(gap));
      }
      if (gaps.length > 0)
        seen.push(`${counted(gaps.length + 1, 'attempt')} on ${server}, gaps ${listed(gaps)}`);
    }
  if (seen.length > 0) return kept(seen.join('; '));
  return nothingSeen('no server was tried again after a failed attempt', input);
}
