import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import type { Dialect } from '../../emulators/emulator.ts';
import type { Plan } from '../case/plan.ts';
import { HarnessError } from '../client/process.ts';
import type { ResolvedClient } from '../client/profile.ts';
import { DIALECTS } from '../dialects.ts';
import type { Rule } from '../judge/verdict.ts';
import type { Trace } from '../trace/event.ts';
import { formatTrace } from '../trace/file.ts';
import { type Given, againCommand } from './again.ts';
import type { TimeChoice, WorldMaker } from './choose-time.ts';
import { conclude } from './conclude.ts';
import { unfit, withPolicy } from './fit.ts';
import { clientFolder } from './client-folder.ts';
import { staleKnownFailures } from './known-failures.ts';
import { isVirtual } from './mode.ts';
import { muteServerNotes, noTlsNotes } from './mute-servers.ts';
import { noContactNotes } from './no-contact.ts';
import { openTime } from './open-time.ts';
import { repeat } from './repeat.ts';
import { type CaseResult, isFine, type Reporter, summarize } from './result.ts';
import { headerOf, runCase, type Played } from './run-case.ts';
import type { World } from './world.ts';

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
  /** Real time that a client in virtual time may work without coming to rest. */
  readonly stallMs?: number;
  /** Each case is played so often, and the traces are compared; default 1. */
  readonly repeat?: number;
  /** Default: the built-in ones. */
  readonly dialects?: Readonly<Record<string, Dialect>>;
  /** Paths of the dialects that are not ours, by name. */
  readonly modules?: Readonly<Record<string, string>>;
  readonly rules?: readonly Rule[];
  /** These are all the cases that there are: then each known failure of the profile must be among them. */
  readonly whole?: boolean;
  /** Repeated in the command that plays a case again. */
  readonly given?: Given;
}

/**
 * Runs cases against a client build and writes their traces to `outDir`. Rejects with a `HarnessError` where nothing can be
 * run at all; what goes wrong with one case is its verdict.
 */
export async function runSuite(
  written: readonly Plan[],
  options: RunOptions,
  reporter: Reporter,
): Promise<readonly CaseResult[]> {
  const { client, seed, epochMs, signal } = options;
  const plans = written.map((plan) => withPolicy(plan, client.profile));
  const dialects = options.dialects ?? DIALECTS;
  const folder = join(options.outDir, clientFolder(options.client.spec));
  const makeWorld = await openTime(options, plans, dialects);
  if ((options.repeat ?? 1) > 1 && !makeWorld.parallel)
    throw new HarnessError(
      `--repeat compares traces byte by byte, which only virtual time keeps; this run is in time ${makeWorld.timeName}`,
    );
  const workers = makeWorld.parallel ? Math.min(options.workers, plans.length) : 1;
  const lanes = makeWorld.parallel ? Math.ceil(options.workers / Math.max(1, workers)) : 1;
  const { leavesOpen } = dialects[client.profile.protocol] ?? {};
  reporter.begin({
    client: client.spec,
    time: makeWorld.timeName,
    timeWhy: makeWorld.why,
    seed,
    epoch: new Date(isVirtual(makeWorld.mode) ? epochMs : Date.now()).toISOString(),
    total: plans.length,
    workers,
    ...(leavesOpen !== undefined && { leavesOpen }),
  });
  const results: CaseResult[] = [];
  const finished = new Map<number, CaseResult>();
  let next = 0;
  let stopped = false;
  const isOver = () => stopped || signal?.aborted === true;
  const work = async () => {
    while (next < plans.length && !isOver()) {
      const index = next++;
      const result = await runOne(plans[index]!, makeWorld, folder, lanes, options);
      // What was broken off by the user is no result.
      if (signal?.aborted) return;
      finished.set(index, result);
      for (let ready = finished.get(results.length); ready && !stopped;) {
        results.push(ready);
        reporter.result(ready, results.length);
        stopped = options.bail && !isFine(ready);
        ready = finished.get(results.length);
      }
    }
  };
  await Promise.all(Array.from({ length: workers }, work));
  reporter.end(results, summarize(results, problemsOf(plans, options, results)));
  return results;
}

/** What is wrong with the profile in the light of a whole run; a run that was broken off tells nothing. */
export function problemsOf(
  plans: readonly Plan[],
  { client, whole }: Pick<RunOptions, 'client' | 'whole'>,
  results: readonly CaseResult[],
): readonly string[] {
  if (whole !== true || results.length < plans.length) return [];
  return staleKnownFailures(plans, client.profile, results);
}

async function runOne(
  plan: Plan,
  makeWorld: WorldMaker,
  folder: string,
  /** Repeats of it at the same time. */
  lanes: number,
  options: RunOptions,
): Promise<CaseResult> {
  const { client, seed } = options;
  const started = performance.now();
  const missing = unfit(plan, client.profile);
  const times = options.repeat ?? 1;
  const play = () =>
    runCase(plan, makeWorld(plan), {
      client,
      seed,
      signal: options.signal,
      dialect: (options.dialects ?? DIALECTS)[plan.dialect]!,
      module: options.modules?.[plan.dialect],
    });
  const played =
    missing === undefined
      ? await repeat(play, { times, lanes, signal: options.signal })
      : await notPlayed(plan, makeWorld(plan), options, missing);
  const { trace, stderrTail, clientMs } = played;
  const tracePath = join(folder, `${plan.id}.jsonl`);
  const unwritten = writeTrace(tracePath, trace);
  const judgement = conclude(
    plan,
    unwritten === undefined ? played : { ...played, error: unwritten },
    client.profile,
    options.rules,
  );
  // A step that was not done is no step that went well: a pass without it says less, and must not hide it.
  const notes = [
    ...(played.failedHooks ?? []),
    ...muteServerNotes(trace.events),
    ...(client.profile.tls ? noTlsNotes(trace.events) : []),
    ...(played.bypasses ?? []),
    ...(judgement.verdict === 'pass'
      ? []
      : [...(played.notes ?? []), ...noContactNotes(plan, trace.events)]),
  ];
  return {
    plan,
    trace,
    judgement,
    clientMs,
    wallMs: Math.round(performance.now() - started),
    tracePath: relative(process.cwd(), tracePath),
    stderrTail,
    ...(notes.length > 0 && { notes }),
    again: againCommand(plan, { ...options, client: client.spec, mode: makeWorld.mode }),
    ...(times > 1 && played.error === undefined && { repeats: times }),
    ...(played.differsInTls && { differsInTls: true }),
  };
}

async function notPlayed(
  plan: Plan,
  world: World,
  { client, seed }: RunOptions,
  unsupported: string,
): Promise<Played> {
  await world.close();
  return {
    trace: { header: headerOf(plan, world, { client, seed }), events: [] },
    stderrTail: [],
    clientMs: 0,
    unsupported,
  };
}

/** A full or read-only folder costs a case its verdict, not the run its results. */
function writeTrace(path: string, trace: Trace): string | undefined {
  try {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, formatTrace(trace));
    return undefined;
  } catch (error) {
    return `its trace could not be written: ${(error as Error).message}; choose another folder with --out`;
  }
}
