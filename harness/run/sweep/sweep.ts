// A sweep: one case, one client build, one quantity over a range; where does the verdict or the behaviour change?
import type { Plan } from '../../case/plan.ts';
import { type Behaviour, behaviourOf } from './behaviour.ts';
import { difference, type Difference, distance } from './difference.ts';
import type { Player } from './player.ts';
import { type Sample, search } from './search.ts';
import { varied, withoutExpectations } from './sweep-plan.ts';
import { isDuration, type Variation } from './variation.ts';

export interface SweepOptions {
  readonly variation: Variation;
  /** Nanoseconds for durations; 1 for numbers. */
  readonly resolution: bigint;
  readonly samples: number;
  readonly maxRuns: number;
  /** Judge the expected lines of the case too. */
  readonly expect: boolean;
}

/** Values next to each other at which the client behaves in one way. */
export interface Regime {
  readonly from: bigint;
  readonly to: bigint;
  readonly behaviour: Behaviour;
}

export interface Change extends Difference {
  /** The last value of the old behaviour that was tried, and the first of the new one. */
  readonly after: bigint;
  readonly at: bigint;
  /** False: the runs were used up before the two were as close as the resolution. */
  readonly narrowed: boolean;
}

export interface SweepResult extends SweepOptions {
  readonly plan: Plan;
  readonly tried: readonly Sample<Behaviour>[];
  readonly regimes: readonly Regime[];
  /** One between each two regimes. */
  readonly changes: readonly Change[];
}

export async function sweep(
  plan: Plan,
  options: SweepOptions,
  player: Player,
): Promise<SweepResult> {
  const { variation, resolution, samples, maxRuns, expect } = options;
  const judged = expect ? plan : withoutExpectations(plan);
  const found = await search({
    grid: {
      from: variation.from,
      to: variation.to,
      resolution,
      logarithmic: isDuration(variation.quantity),
    },
    samples,
    maxRuns,
    distance,
    play: async (values) => {
      const plans = values.map((value) => varied(judged, variation, value));
      const outcomes = await player.play(plans);
      return outcomes.map(({ trace, judgement }, index) =>
        behaviourOf(plans[index]!, trace.events, judgement),
      );
    },
  });
  return summarized(plan, options, found);
}

/** What came of all values, as regimes and the changes between them. */
function summarized(
  plan: Plan,
  options: SweepOptions,
  samples: readonly Sample<Behaviour>[],
): SweepResult {
  const regimes: Regime[] = [];
  const changes: Change[] = [];
  for (const { value, result } of samples) {
    const last = regimes.at(-1);
    if (last && distance(last.behaviour, result) === 0) {
      regimes[regimes.length - 1] = { ...last, to: value };
      continue;
    }
    if (last)
      changes.push({
        ...difference(last.behaviour, result),
        after: last.to,
        at: value,
        narrowed: value - last.to <= options.resolution,
      });
    regimes.push({ from: value, to: value, behaviour: result });
  }
  return { ...options, plan, tried: samples, regimes, changes };
}
