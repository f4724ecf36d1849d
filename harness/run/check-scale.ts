import type { ExpectItem, ExpectLine, Plan } from '../case/plan.ts';
import { Canary } from '../clock/canary.ts';
import type { Nanos } from '../clock/clock.ts';
import { formatDuration } from '../clock/duration.ts';
import { divisorBound } from '../client/configuration.ts';
import { HarnessError } from '../client/process.ts';

const SAMPLE_MS = 300;

/** How late this machine is at the moment, in real time: the worst of a third of a second. */
export async function measureLateness(): Promise<Nanos> {
  const canary = new Canary();
  canary.start();
  await new Promise((resolve) => setTimeout(resolve, SAMPLE_MS));
  canary.stop();
  return canary.worst();
}

/**
 * Throws a HarnessError where time would be scaled so far that a tolerance of a case is below twice the lateness of the
 * machine: such a verdict would be about the machine. The message names the largest scale that works.
 */
export function checkScale(plans: readonly Plan[], factor: number, latenessNs: Nanos): void {
  for (const plan of plans) {
    const tolerance = smallestTolerance(plan);
    const largest = latenessNs === 0n ? BigInt(factor) : tolerance / (2n * latenessNs);
    if (BigInt(factor) <= largest) continue;
    const remedy =
      largest >= 2n
        ? `the largest that works now is --time scaled:${largest}`
        : 'only --time real works now';
    throw new HarnessError(
      `scaled:${factor} would leave ${plan.id} a tolerance of ${formatDuration(tolerance / BigInt(factor))}, ` +
        `less than twice the lateness measured on this machine (${formatDuration(latenessNs)}); ${remedy}`,
    );
  }
}

export interface LargestScale {
  /** Below 2: no scale works. */
  readonly factor: number;
  /** What bounds it. */
  readonly why: string;
}

/** By how much all of these cases can be scaled: their tolerances bound it, and the units in which a client is told its durations. */
export function largestScale(
  plans: readonly Plan[],
  latenessNs: Nanos,
  usesCfg: boolean,
): LargestScale {
  const bounds = plans.flatMap((plan): LargestScale[] => {
    const tolerance = smallestTolerance(plan);
    const lateness = formatDuration(latenessNs);
    const jitter = {
      factor: Number(tolerance / (2n * (latenessNs || 1n))),
      why: `${plan.id} tolerates ${formatDuration(tolerance)}, and this machine was ${lateness} late`,
    };
    const units = plan.clients.map((client) => ({
      factor: divisorBound(client, usesCfg).divisor,
      why: `a duration of ${client.name} in ${plan.id} would be less than its unit`,
    }));
    return [jitter, ...units];
  });
  return bounds.reduce((least, bound) => (bound.factor < least.factor ? bound : least), {
    factor: Number.MAX_SAFE_INTEGER,
    why: '',
  });
}

function smallestTolerance({ toleranceNs, expect }: Plan): Nanos {
  const gaps = expect.flatMap(linesOf).flatMap(({ every }) => (every ? [every.tolerance] : []));
  return [toleranceNs, ...gaps].reduce((a, b) => (a < b ? a : b));
}

function linesOf(item: ExpectItem): readonly ExpectLine[] {
  return item.kind === 'line' ? [item] : item.lines;
}
