import { formatDuration } from '../../../clock/duration.ts';
import { livesThrough } from '../../view/lives.ts';
import { broken, couldNotTell, kept, listed, type Outcome, type RuleCase } from '../rule.ts';
import { passNs, standsAt } from './connections.ts';

/** FO-6 by connections alone: a connection to the primary, once it alone is back. */
export function judgePrimaryReturns({ view, clients }: RuleCase): Outcome {
  const [primary, ...others] = view.plan.servers;
  const { downtimes } = view;
  const found: string[] = [];
  let why = 'the primary never returned alone after all servers had been down';
  for (const { name, plan } of clients) {
    const own = view.attemptsBy(name);
    const faces = [...new Set(view.attempts.map(({ face }) => face))];
    for (const face of faces)
      for (const back of downtimes.returns(primary!, face, 0n)) {
        if (others.length === 0 || !others.every((other) => downtimes.down(other, face, back)))
          continue;
        const deadline = back + passNs(view, plan);
        const used = own.find(
          ({ kind, server, at }) => kind === 'connect' && server === primary && at >= back,
        );
        const stillAlone = (at: bigint) => others.every((other) => downtimes.down(other, face, at));
        if (used && used.at <= deadline && stillAlone(used.at)) {
          found.push(
            `${primary}, back at ${formatDuration(back)}, used at ${formatDuration(used.at)}`,
          );
          continue;
        }
        const isJudged =
          downtimes.clear(primary!, face, back, deadline) &&
          stillAlone(deadline) &&
          !own.some((attempt) => standsAt(view, attempt, back)) &&
          livesThrough(view.lives(name), back, deadline) &&
          deadline <= view.lastAt;
        if (!isJudged) {
          why = `${primary} was back alone at ${formatDuration(back)}, but not needed, or not for long enough`;
          continue;
        }
        return broken({
          expected: `a connection to ${primary} by ${formatDuration(deadline)}: it alone was back at ${formatDuration(back)}`,
          actual: used ? `not before ${formatDuration(used.at)}` : 'none',
          by: used
            ? `${formatDuration(used.at - deadline)} too late`
            : 'the only server that was up was not found',
          ...(used && { marginNs: used.at - deadline }),
          index: view.events.findLastIndex(({ at }) => at <= deadline),
        });
      }
  }
  return found.length > 0 ? kept(listed(found)) : couldNotTell(why);
}
