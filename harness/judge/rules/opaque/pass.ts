import { formatDuration } from '../../../clock/duration.ts';
import { livesThrough } from '../../view/lives.ts';
import { broken, kept, listed, nothingSeen, type Outcome, type RuleCase } from '../rule.ts';
import { failureOf, isAnswered, passNs, standsAt } from './connections.ts';

/**
 * RT-7 by connections alone: in each outage all servers are tried within one pass, from the first failure at the first server
 * on. A client of the order `any` has no first: from the first failure on.
 */
export function judgePass(input: RuleCase): Outcome {
  const { view, clients, seesAttempts } = input;
  const [primary] = view.plan.servers;
  const isAnyFirst = view.plan.policy?.order === 'any';
  const passes: string[] = [];
  let why = 'no pass over the whole list failed';
  for (const { name, plan } of clients) {
    const own = view.attemptsBy(name);
    let hasBegun = false;
    for (const attempt of own) {
      // The loss of a connection that had been good is no attempt of the pass that follows it.
      if (!failureOf(view, attempt) || isAnswered(attempt)) {
        hasBegun = false;
        continue;
      }
      if (hasBegun || !(attempt.server === primary || isAnyFirst)) continue;
      if (own.some((other) => other !== attempt && standsAt(view, other, attempt.at))) continue;
      hasBegun = true;
      const deadline = attempt.at + passNs(view, plan);
      const tried = own.filter(({ at, index }) => index >= attempt.index && at <= deadline);
      const missing = view.plan.servers.filter(
        (server) => !tried.some((other) => other.server === server),
      );
      const found = tried.some((other) => !failureOf(view, other) || isAnswered(other));
      if (found || deadline > view.lastAt) continue;
      if (missing.length === 0) {
        passes.push(`all servers tried from ${formatDuration(attempt.at)} on`);
        continue;
      }
      if (!livesThrough(view.lives(name), attempt.at, deadline)) continue;
      const { face, at } = attempt;
      if (!seesAttempts && missing.some((one) => !view.downtimes.clear(one, face, at, deadline))) {
        why = 'whether all servers were tried was not seen';
        continue;
      }
      return broken({
        expected: `every server tried by ${formatDuration(deadline)}, after the failure at ${formatDuration(at)}`,
        actual: `not tried: ${missing.join(', ')}`,
        by: 'the pass over the list did not come to its end',
        index: view.events.findLastIndex((event) => event.at <= deadline),
      });
    }
  }
  return passes.length > 0 ? kept(listed(passes)) : nothingSeen(why, input);
}
