import { FLEET, judgeReturns, type Return, together } from '../fleet.ts';
import { couldNotTell, type Outcome, type RuleCase } from '../rule.ts';
import { failureOf, isAnswered } from './connections.ts';

/**
 * RT-2 by connections alone: the first attempt of each client that failed at a server, and its next one there. The window begins
 * with the first that is back: a client goes through its list before it returns, and that takes as long as it likes.
 */
export function judgeFleet(input: RuleCase): Outcome {
  const { view, clients } = input;
  if (clients.length < FLEET)
    return couldNotTell(`${clients.length} clients are no fleet: ${FLEET} are needed`);
  const [{ plan } = { plan: undefined }] = clients;
  if (!plan || !(plan.retryJitter! > 0))
    return couldNotTell('the client states a fixed pace (policy: jitter)');
  const gapNs = plan.retryDelayNs;
  const returns = view.plan.servers.flatMap((server): Return[] => {
    const pairs = clients.flatMap(({ name }) => {
      const own = view.attemptsBy(name).filter((attempt) => attempt.server === server);
      const number = own.findIndex(
        (attempt) => failureOf(view, attempt) !== undefined && !isAnswered(attempt),
      );
      const [lost, next] = number < 0 ? [] : own.slice(number, number + 2);
      return lost && next ? [[lost, next] as const] : [];
    });
    return together(pairs, gapNs).map((group) => {
      const [lost] = group[0]!;
      const arrivals = group.map(([, next]) => next.at - lost.at);
      const first = arrivals.reduce((least, arrival) => (arrival < least ? arrival : least));
      return { server, face: lost.face, from: lost.at, gapNs, arrivals, first };
    });
  });
  return judgeReturns(input, returns);
}
