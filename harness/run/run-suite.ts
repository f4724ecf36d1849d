import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import type { Plan } from '../case/plan.ts';
import { fromMs } from '../clock/duration.ts';
import type { ResolvedClient } from '../client/profile.ts';
import { DIALECTS } from '../dialects.ts';
import { judge } from '../judge/judge.ts';
import type { Judgement } from '../judge/verdict.ts';
import { formatTrace } from '../trace/file.ts';
import { chooseTime, type TimeChoice } from './choose-time.ts';
import { preflight } from './preflight.ts';
import { type CaseResult, type Reporter, summarize } from './result.ts';
import { runCase, type Played } from './run-case.ts';

export interface RunOptions {
  readonly client: ResolvedClient;
  readonly time: TimeChoice;
  readonly seed: number;
  readonly epochMs: number;
  /** Cases at the same time. */
  readonly workers: number;
  /** Stop at the first case that does not pass. */
  readonly bail: boolean;
  readonly outDir: string;
  readonly signal?: AbortSignal;
}

/**
 * Runs cases against a client build and writes their traces to `outDir`. Rejects with a `HarnessError` where nothing can be
 * run at all; what goes wrong with one case is its verdict.
 */
export async function runSuite(
  plans: readonly Plan[],
  options: RunOptions,
  reporter: Reporter,
): Promise<readonly CaseResult[]> {
  const { client, seed, epochMs, signal } = options;
  const folder = outputFolder(options);
  const makeWorld = await chooseTime(options, plans);
  const workers = makeWorld.parallel ? Math.min(options.workers, plans.length) : 1;
  reporter.begin({
    client: client.spec,
    time: makeWorld.timeName,
    seed,
    epoch: new Date(epochMs).toISOString(),
    total: plans.length,
    workers,
  });
  await preflight(makeWorld, plans[0]!, client);
  const results: CaseResult[] = [];
  const finished = new Map<number, CaseResult>();
  let next = 0;
  let stopped = false;
  const work = async () => {
    while (next < plans.length && !stopped && !signal?.aborted) {
      const index = next++;
      const plan = plans[index]!;
      const started = performance.now();
      const played = await runCase(plan, makeWorld(plan), {
        ...options,
        dialect: DIALECTS[plan.dialect]!,
      });
      if (signal?.aborted) return;
      const wallMs = Math.round(performance.now() - started);
      finished.set(index, resultOf(plan, played, wallMs, folder, options));
      for (let ready = finished.get(results.length); ready && !stopped;) {
        results.push(ready);
        reporter.result(ready, results.length);
        stopped = options.bail && ready.judgement.verdict !== 'pass';
        ready = finished.get(results.length);
      }
    }
  };
  await Promise.all(Array.from({ length: workers }, work));
  reporter.end(results, summarize(results));
  return results;
}

function resultOf(
  plan: Plan,
  played: Played,
  wallMs: number,
  folder: string,
  { client, seed, time }: RunOptions,
): CaseResult {
  const { trace, stderrTail, clientMs } = played;
  const tracePath = join(folder, `${plan.id}.jsonl`);
  mkdirSync(dirname(tracePath), { recursive: true });
  writeFileSync(tracePath, formatTrace(trace));
  const judged = judge(plan, trace, { jitterNs: fromMs(played.worstLatenessMs) });
  const chosen = time.mode === 'scaled' ? `scaled:${time.factor}` : time.mode;
  return {
    plan,
    trace,
    judgement: played.error === undefined ? judged : ourError(judged, played.error),
    clientMs,
    wallMs,
    tracePath: relative(process.cwd(), tracePath),
    stderrTail,
    again: [
      `meterproof run ${plan.id} --client ${quote(client.spec)}`,
      ...(time.mode === 'auto' ? [] : [`--time ${chosen}`]),
      ...(seed === 1 ? [] : [`--seed ${seed}`]),
    ].join(' '),
  };
}

/** Nothing that a rule says counts when the run itself was broken off. */
function ourError(judged: Judgement, reason: string): Judgement {
  return { ...judged, verdict: 'error', reason, findings: [] };
}

/** Traces of different clients lie side by side. */
function outputFolder({ outDir, client }: RunOptions): string {
  return join(
    outDir,
    client.spec.replaceAll(/[^a-zA-Z0-9.-]+/g, '-').replace(/^[-.]+/, '') || 'client',
  );
}

function quote(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}
