// Broken variants of a client against the cases that must catch them. What it finds is told; who runs it decides what to make of it.
import type { Plan } from '../case/plan.ts';
import type { ResolvedClient } from '../client/profile.ts';
import type { Finding } from '../judge/verdict.ts';
import type { CaseResult, Reporter } from './result.ts';
import { type RunOptions, runSuite } from './run-suite.ts';

/** One variant in one case. */
export interface Kill {
  readonly bug: string;
  readonly caseId: string;
  /** Whether `catches` of the case names the variant. */
  readonly claimed: boolean;
  readonly isKilled: boolean;
  /** The line or the rule at which it was caught; for one that lived, its verdict. */
  readonly at: string;
  /** The rules that it was seen to break, whether or not one of them was the first thing that caught it. */
  readonly broke: readonly string[];
}

export interface KillMatrix {
  /** What the sound client came to, case by case. */
  readonly sound: readonly CaseResult[];
  readonly kills: readonly Kill[];
  /** Every way in which the suites do not bite; empty: they do. */
  readonly problems: readonly string[];
}

export interface MatrixOptions extends Omit<RunOptions, 'client' | 'bail'> {
  /** The client with some bugs switched on; none: the sound one. */
  readonly clientWith: (bug: string | undefined) => ResolvedClient;
  readonly bugs: readonly string[];
  /** Each of these must be broken by a variant, in a case that claims that variant; default: none. */
  readonly ruleIds?: readonly string[];
  /** Every variant in every case, not only in those that claim it. */
  readonly all?: boolean;
  readonly progress?: (done: number, total: number, bug: string) => void;
  /** What a variant came to in a case. */
  readonly played?: (bug: string, result: CaseResult) => void;
}

const SILENT: Reporter = { begin() {}, result() {}, end() {} };

/** Plays the sound client in every case, then each variant in the cases that claim it, or in all. */
export async function killMatrix(
  plans: readonly Plan[],
  options: MatrixOptions,
): Promise<KillMatrix> {
  const { clientWith, bugs, ruleIds = [], all = false, workers, progress, played } = options;
  const sound = await runSuite(
    plans,
    { ...options, client: clientWith(undefined), bail: false },
    SILENT,
  );
  const kills: Kill[] = [];
  const queue = [...bugs];
  let done = 0;
  const work = async (): Promise<void> => {
    for (;;) {
      const bug = queue.shift();
      if (bug === undefined) return;
      const claiming = plans.filter(({ catches }) => all || catches.includes(bug));
      const client = clientWith(bug);
      if (claiming.length > 0)
        for (const result of await runSuite(
          claiming,
          { ...options, client, workers: 1, bail: false },
          SILENT,
        )) {
          kills.push(killOf(bug, result));
          played?.(bug, result);
        }
      progress?.(++done, bugs.length, bug);
    }
  };
  await Promise.all(Array.from({ length: workers }, work));
  const ordered = bugs.flatMap((bug) => kills.filter((kill) => kill.bug === bug));
  return { sound, kills: ordered, problems: problemsOf(plans, bugs, ruleIds, sound, ordered) };
}

/** The bugs that cases claim to catch only together, each as `a+b`. */
export function claimedTogether(plans: readonly Plan[]): readonly string[] {
  const claims = plans.flatMap(({ catches }) => catches.filter((claim) => claim.includes('+')));
  return [...new Set(claims)];
}

/** A case fails a build that has a bug which it claims, or bugs that break it only together. */
export function isCaught({ catches }: Plan, bugs: readonly string[]): boolean {
  return catches.some((claim) => claim.split('+').every((bug) => bugs.includes(bug)));
}

function killOf(bug: string, { plan, judgement }: CaseResult): Kill {
  const isKilled = judgement.verdict === 'fail';
  const [finding] = judgement.findings;
  return {
    bug,
    caseId: plan.id,
    claimed: plan.catches.includes(bug),
    isKilled,
    at: isKilled && finding ? placeOf(finding) : judgement.verdict,
    broke: judgement.rules.filter(({ state }) => state === 'broken').map(({ id }) => id),
  };
}

/** The variants that broke a rule where a case claims them. */
export function brokenBy(kills: readonly Kill[], rule: string): readonly string[] {
  const found = kills.filter(({ claimed, broke }) => claimed && broke.includes(rule));
  return [...new Set(found.map(({ bug }) => bug))];
}

function placeOf({ what, position }: Finding): string {
  return position ? `${what}, line ${position.line}` : what;
}

function problemsOf(
  plans: readonly Plan[],
  bugs: readonly string[],
  ruleIds: readonly string[],
  sound: readonly Pick<CaseResult, 'plan' | 'judgement'>[],
  kills: readonly Kill[],
): string[] {
  const killed = (has: (kill: Kill) => boolean): boolean =>
    kills.some((kill) => kill.isKilled && has(kill));
  return [
    ...sound
      .filter(({ judgement }) => judgement.verdict !== 'pass')
      .map(({ plan, judgement }) => `${plan.id} fails the sound client: ${judgement.reason ?? ''}`),
    ...bugs
      .filter((bug) => !killed((kill) => kill.bug === bug))
      .map((bug) => `${bug} survives: no case that claims it fails it`),
    ...kills
      .filter(({ claimed, isKilled }) => claimed && !isKilled)
      .map(({ bug, caseId, at }) => `${caseId} claims ${bug}, and its verdict is ${at}`),
    ...ruleIds
      .filter((id) => !brokenBy(kills, id).length)
      .map((id) => `${id} is broken by no variant in a case that claims it`),
    ...plans
      .filter(({ id }) => !killed(({ caseId }) => caseId === id))
      .map(({ id }) => `${id} kills no variant`),
  ];
}
