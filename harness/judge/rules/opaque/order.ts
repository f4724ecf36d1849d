import { formatDuration } from '../../../clock/duration.ts';
import { formatEvent } from '../../../trace/format.ts';
import type { Attempt } from '../../view/attempts.ts';
import { startedAt } from '../../view/lives.ts';
import {
  broken,
  couldNotTell,
  counted,
  kept,
  listed,
  nothingSeen,
  type Outcome,
  type RuleCase,
} from '../rule.ts';
import { failureOf } from './connections.ts';

/**
 * FO-1 by connections alone, for the order `listed`: after a server comes itself again, the next one, or the first. Each gets
 * its attempts before the next is tried; the loss of a connection that had been good counts as one of them.
 */
export function judgeOrder(input: RuleCase): Outcome {
  const { view, clients } = input;
  if (view.plan.policy?.order !== 'listed')
    return couldNotTell('the profile states no order that must be kept (policy: order)');
  const moves: string[] = [];
  for (const client of clients) {
    let before: Attempt | undefined;
    let failures = 0;
    for (const attempt of view.attemptsBy(client.name)) {
      const lives = view.lives(client.name);
      const isFirst = !before || startedAt(lives, before.at) !== startedAt(lives, attempt.at);
      const passedOver = passedOverBy(input, isFirst ? undefined : before, attempt);
      if (passedOver.length > 0)
        return broken({
          expected: `${passedOver.join(', then ')} before ${attempt.server}: the order is ${view.plan.servers.join(', ')}`,
          actual: formatEvent(view.events[attempt.index]!),
          by: `${passedOver.join(', ')} passed over`,
          index: attempt.index,
        });
      if (isFirst || before?.server !== attempt.server) {
        if (!isFirst && isNext(input, before!, attempt)) {
          const { attempts } = client.plan;
          if (
            failures > 0 &&
            failures < attempts &&
            !mayBeHidden(input, before!.server, before, attempt)
          )
            return broken({
              expected: `${counted(attempts, 'attempt')} on ${before!.server} before ${attempt.server}`,
              actual: formatEvent(view.events[attempt.index]!),
              by: `${attempts - failures} too few`,
              index: attempt.index,
            });
          moves.push(`${attempt.server} at ${formatDuration(attempt.at)}`);
        }
        failures = 0;
      }
      if (failureOf(view, attempt)) failures++;
      else failures = 0;
      before = attempt;
    }
  }
  if (moves.length > 0) return kept(`in order to ${listed(moves)}`);
  return nothingSeen('no client went on to another server', input);
}

function isNext({ view }: RuleCase, before: Attempt, attempt: Attempt): boolean {
  const { servers } = view.plan;
  const next = (servers.indexOf(before.server) + 1) % servers.length;
  return servers.indexOf(attempt.server) === next;
}

function passedOverBy(
  input: RuleCase,
  before: Attempt | undefined,
  attempt: Attempt,
): readonly string[] {
  const { servers } = input.view.plan;
  const place = servers.indexOf(attempt.server);
  const from = before ? servers.indexOf(before.server) : -1;
  if (place === 0 || place === from || place === from + 1) return [];
  const skipped = place > from ? servers.slice(from + 1, place) : servers.slice(0, place);
  return skipped.filter((server) => !mayBeHidden(input, server, before, attempt));
}

/** Nothing saw attempts on a server that was down then. */
function mayBeHidden(
  { view, seesAttempts }: RuleCase,
  server: string,
  before: Attempt | undefined,
  attempt: Attempt,
): boolean {
  return !seesAttempts && !view.downtimes.clear(server, attempt.face, before?.at ?? 0n, attempt.at);
}
