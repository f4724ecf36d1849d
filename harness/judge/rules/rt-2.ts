import type { Nanos } from '../../clock/clock.ts';
import { formatDuration } from '../../clock/duration.ts';
import type { PhasePolicy } from '../policy.ts';
import { type Attempt, failed } from '../view/attempts.ts';
import { broken, couldNotTell, defineRule, kept, listed, type RuleCase } from './rule.ts';

/** Fewer than that are no fleet: chance alone would make peaks. */
const FLEET = 8;
/** The window of the base delay is looked at in so many parts. */
const PARTS = 10;
/** Peak to mean. */
const MOST = 3;

/** When the clients of a fleet came back to one server that had failed for all of them at once. */
interface Return {
  readonly server: string;
  readonly face: string;
  readonly from: Nanos;
  readonly gapNs: Nanos;
  /** One for each client, counted from the first failure. */
  readonly arrivals: readonly Nanos[];
}

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
    const seen: string[] = [];
    for (const { server, face, from, gapNs, arrivals } of returns) {
      const parts = Array.from({ length: PARTS }, () => 0);
      const first = gapNs / 2n;
      for (const arrival of arrivals) {
        const part = Number(((arrival - first) * BigInt(PARTS)) / gapNs);
        if (part >= 0 && part < PARTS) parts[part]!++;
      }
      const mean = arrivals.length / PARTS;
      const peak = Math.max(...parts);
      // Three standard deviations of chance on top: a small fleet has its peaks.
      const limit = MOST * mean + 3 * Math.sqrt(MOST * mean);
      const text = `${arrivals.length} clients back at ${server}.${face} after ${formatDuration(from)}, at most ${peak} within ${formatDuration(gapNs / BigInt(PARTS))}`;
      if (peak > limit)
        return broken({
          expected: `peak/mean of arrivals below ${MOST} in the ${formatDuration(gapNs)} around the base delay`,
          actual: text,
          by: `peak/mean ${(peak / mean).toFixed(1)}`,
          index: input.view.events.findLastIndex(({ at }) => at <= from + gapNs),
        });
      seen.push(`${text} (peak/mean ${(peak / mean).toFixed(1)})`);
    }
    if (seen.length > 0) return kept(listed(seen));
    return couldNotTell(`no server failed for ${FLEET} clients at once`);
  },
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
        return { server, face, from, gapNs, arrivals: group.map(([, next]) => next.at - from) };
      });
    }),
  );
}

/** Clients whose first failure came within a tenth of the delay, where they are enough for a fleet. */
function together(
  pairs: readonly (readonly [Attempt, Attempt])[],
  gapNs: Nanos,
): readonly (readonly (readonly [Attempt, Attempt])[])[] {
  const sorted = pairs.toSorted(([a], [b]) => (a.at < b.at ? -1 : 1));
  const begin = sorted[0]?.[0].at;
  const group = sorted.filter(([lost]) => lost.at - begin! <= gapNs / 10n);
  return group.length >= FLEET ? [group] : [];
}
