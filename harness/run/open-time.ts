import type { Dialect } from '../../emulators/emulator.ts';
import type { Plan } from '../case/plan.ts';
import { chooseTime, type TimeOptions, type WorldMaker } from './choose-time.ts';
import { unfit } from './fit.ts';
import type { Mode } from './mode.ts';
import { preflight, WorldError } from './preflight.ts';

/**
 * Decides the mode of time and starts the client in it once. Where the choice is ours and the client cannot be carried in a
 * mode, which may show only when it runs, the next one is taken, and the reason is kept. Throws a HarnessError.
 */
export async function openTime(
  options: TimeOptions,
  plans: readonly Plan[],
  dialects: Readonly<Record<string, Dialect>>,
): Promise<WorldMaker> {
  const { client, time } = options;
  const first = plans.find((plan) => unfit(plan, client.profile) === undefined);
  const barred = new Map<Mode['mode'], string>();
  for (;;) {
    const makeWorld = await chooseTime(options, plans, barred);
    if (!first) return makeWorld;
    try {
      await preflight(makeWorld, first, client, dialects[first.dialect]);
      return makeWorld;
    } catch (error) {
      if (time.mode !== 'auto' || !(error instanceof WorldError)) throw error;
      barred.set(makeWorld.mode.mode, error.message);
    }
  }
}
