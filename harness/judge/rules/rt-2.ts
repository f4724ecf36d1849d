import type { PhasePolicy } from '../policy.ts';
import { failed } from '../view/attempts.ts';
import { FLEET, judgeReturns, type Return, together } from './fleet.ts';
import { judgeFleet } from './opaque/fleet.ts';
import { couldNotTell, defineRule, type RuleCase } from './rule.ts';

export const RT_2 = defineRule({
  id: 'RT-2',
  version: 1,
  obligation: 'the client, in a fleet that fails together, comes back apart from the others',
  source: 'gRPC A6; AWS "Exponential Backoff And Jitter"',
  always: false,
  needs:
    'a case has 8 clients that fail at one server within a tenth of the delay, and the policy states a `jitter`: who states a fixed pace comes back at once',
  judge(input) {
    const { clients } = input;
    if (clients.length < FLEET)
      return couldNotTell(`${clients.length} clients are no fleet: ${FLEET} are needed`);
    const returns = returnsOf(input);
    if (returns === undefined)
      return couldNotTell('the policy of the client states a fixed pace (jitter: 0)');
    return judgeReturns(input, returns);
  },
  judgeOpaque: judgeFleet,
});

/** Undefined: no client states that it spreads its attempts. */
function returnsOf({ view, clients }: RuleCase): readonly Return[] | undefined {
  const [first] = clients;
  const phases = [first?.policy.acquire, first?.policy.upload].filter(
    (phase): phase is PhasePolicy => phase !== undefined && phase.jitter > 0,
  );
  if (phases.length === 0) return undefined;
  return phases.flatMap(({ face, gapNs }) =>
    view.plan.servers.flatMap((server): Return[] => {
      const pairs = clients.flatMap(({ name }) => {
        const attempts = view.attemptsOn(name, face, server);
        const number = attempts.findIndex(failed);
        const [lost, next] = number < 0 ? [] : attempts.slice(number, number + 2);
        return lost && next ? [[lost, next] as const] : [];
      });
      return together(pairs, gapNs).map((group) => {
        const from = group[0]![0].at;
        const arrivals = group.map(([, next]) => next.at - from);
        return { server, face, from, gapNs, arrivals, first: gapNs / 2n };
      });
    }),
  );
}
