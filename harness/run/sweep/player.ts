import type { Dialect } from '../../../emulators/emulator.ts';
import type { Plan } from '../../case/plan.ts';
import { HarnessError } from '../../client/process.ts';
import type { ResolvedClient } from '../../client/profile.ts';
import type { Judgement, Rule } from '../../judge/verdict.ts';
import type { Trace } from '../../trace/event.ts';
import type { TimeChoice } from '../choose-time.ts';
import { conclude } from '../conclude.ts';
import { unfit } from '../fit.ts';
import { openTime } from '../open-time.ts';
import { runCase } from '../run-case.ts';

export interface PlayerOptions {
  readonly client: ResolvedClient;
  readonly dialects: Readonly<Record<string, Dialect>>;
  /** Paths of the dialects that are not ours, by name. */
  readonly modules?: Readonly<Record<string, string>>;
  readonly rules: readonly Rule[];
  readonly time: TimeChoice;
  readonly seed: number;
  readonly epochMs: number;
  /** Plans at the same time. */
  readonly workers: number;
  readonly signal: AbortSignal;
  /** Called after each plan that was played. */
  readonly played: (count: number) => void;
}

export interface Outcome {
  readonly trace: Trace;
  readonly judgement: Judgement;
}

/** Plays plans that exist nowhere but in memory, and keeps their traces there. */
export interface Player {
  /** Outcomes in the order of the plans. Rejects when the signal is aborted. */
  play(plans: readonly Plan[]): Promise<readonly Outcome[]>;
}

/** Chooses the mode of time for cases like `plan` and starts the client once. Throws a HarnessError. */
export async function openPlayer(plan: Plan, options: PlayerOptions): Promise<Player> {
  const { client, seed, signal, workers, dialects, rules } = options;
  const why = unfit(plan, client.profile);
  if (why !== undefined) throw new HarnessError(`${client.spec} cannot play ${plan.id}: ${why}`);
  // A known failure is one of the case as it is written.
  const profile = { ...client.profile, knownFailures: [] };
  const makeWorld = await openTime(options, [plan], dialects);
  let count = 0;
  const playOne = async (one: Plan): Promise<Outcome> => {
    const played = await runCase(one, makeWorld(one), {
      client,
      seed,
      signal,
      dialect: dialects[one.dialect]!,
      module: options.modules?.[one.dialect],
    });
    signal.throwIfAborted();
    options.played(++count);
    return { trace: played.trace, judgement: conclude(one, played, profile, rules) };
  };
  return {
    async play(plans) {
      const outcomes: Outcome[] = [];
      let next = 0;
      const work = async (): Promise<void> => {
        while (next < plans.length) {
          const index = next++;
          outcomes[index] = await playOne(plans[index]!);
        }
      };
      const atOnce = makeWorld.parallel ? Math.min(workers, plans.length) : 1;
      await Promise.all(Array.from({ length: atOnce }, work));
      return outcomes;
    },
  };
}
