// What a fleet is, and whether one came back apart (RT-2).
import type { Nanos } from '../../clock/clock.ts';
import { formatDuration } from '../../clock/duration.ts';
import type { Attempt } from '../view/attempts.ts';
import { broken, couldNotTell, kept, listed, type Outcome, type RuleCase } from './rule.ts';

/** Fewer than that are no fleet: chance alone would make peaks. */
export const FLEET = 8;
/** The window of the base delay is looked at in so many parts. */
const PARTS = 10;
/** Peak to mean. */
const MOST = 3;

/** When the clients of a fleet came back to one server that had failed for all of them at once. */
export interface Return {
  readonly server: string;
  readonly face: string;
  readonly from: Nanos;
  readonly gapNs: Nanos;
  /** One for each client, counted from the first failure. */
  readonly arrivals: readonly Nanos[];
  /** Where the window begins. */
  readonly first: Nanos;
}

/** Clients whose first failure came within a tenth of the delay, where they are enough for a fleet. */
export function together(
  pairs: readonly (readonly [Attempt, Attempt])[],
  gapNs: Nanos,
): readonly (readonly (readonly [Attempt, Attempt])[])[] {
  const sorted = pairs.toSorted(([a], [b]) => (a.at < b.at ? -1 : 1));
  const begin = sorted[0]?.[0].at;
  const group = sorted.filter(([lost]) => lost.at - begin! <= gapNs / 10n);
  return group.length >= FLEET ? [group] : [];
}

export function judgeReturns({ view }: RuleCase, returns: readonly Return[]): Outcome {
  const seen: string[] = [];
  for (const { server, face, from, gapNs, arrivals, first } of returns) {
    const parts = Array.from({ length: PARTS }, () => 0);
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
        index: view.events.findLastIndex(({ at }) => at <= from + gapNs),
      });
    seen.push(`${text} (peak/mean ${(peak / mean).toFixed(1)})`);
  }
  if (seen.length > 0) return kept(listed(seen));
  return couldNotTell(`no server failed for ${FLEET} clients at once`);
}
