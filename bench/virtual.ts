// The bars of virtual time for Node clients (npm run bench [name …]). Each client is a process of its own, started anew for each case.
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { metering } from '../emulators/metering/index.ts';
import { loadCase } from '../harness/case/load.ts';
import { packageRoot } from '../harness/client/package-root.ts';
import { resolveClient } from '../harness/client/resolve.ts';
import { repeat } from '../harness/run/repeat.ts';
import { runCase, type Played } from '../harness/run/run-case.ts';
import { VirtualWorld } from '../harness/run/virtual-world.ts';
import { type Bar, median, report } from './bars.ts';

const RUNS = 5;
const preload = join(packageRoot(), 'dist/harness/client/virtual/preload/main.js');

/** A client that tries `times` times, every `everyMs`, against a server that refuses. */
function attempts(everyMs: number, times: number, days: number): () => Promise<Played> {
  const text = `
title: a client tries every so often
source: a bench
servers: [alpha]
client: { mode: offline, pollingInterval: 1h }
play: |
  0s        alpha   down refuse
  0s        client  start
  ${days}d  end
expect: |
  0s..${days}d  alpha.pipe  refused  {${times}}
`;
  const plan = loadCase(text, 'bench/attempts.yaml', { rules: new Set(), dialects: [metering] });
  const client = resolveClient(`node ${join(packageRoot(), 'bench/attempts.mjs')} ${everyMs}`, {
    cwd: packageRoot(),
    searchPath: process.env['PATH'] ?? '',
  });
  const quiet = { ...client, profile: { ...client.profile, tier: 'black-box' as const } };
  return async () => {
    const world = new VirtualWorld({
      epochMs: Date.UTC(2026, 0, 1),
      seed: 1,
      stallMs: 30_000,
      preload,
    });
    const played = await runCase(plan, world, { client: quiet, dialect: metering, seed: 1 });
    const tried = played.trace.events.filter(({ event }) => event === 'refused').length;
    if (played.error !== undefined || tried !== times)
      throw new Error(
        `${played.error ?? `${tried} attempts instead of ${times}`}\n${played.stderrTail.join('\n')}`,
      );
    return played;
  };
}

async function timed(action: () => Promise<unknown>): Promise<number> {
  const started = performance.now();
  await action();
  return (performance.now() - started) / 1_000;
}

async function medianOf(action: () => Promise<unknown>): Promise<number> {
  const seconds: number[] = [];
  for (let run = 0; run < RUNS; run++) seconds.push(await timed(action));
  return median(seconds);
}

const YEAR_S = 365 * 86_400;

async function waiting(): Promise<Bar[]> {
  const every23h = 23 * 3_600_000;
  const play = attempts(every23h, Math.floor((YEAR_S * 1_000) / every23h), 365);
  const seconds = await medianOf(play);
  const name = 'a waiting client, one attempt every 23 h for a year';
  const note = `${seconds.toFixed(2)} s for the year`;
  return [
    { name, measured: YEAR_S / seconds, bar: 1e6, want: 'at least', unit: '× real time', note },
  ];
}

async function dense(): Promise<Bar[]> {
  const play = attempts(180_000, 479, 1);
  const measured = await medianOf(play);
  const name = 'a dense day, an attempt every 3 minutes';
  return [
    {
      name,
      measured,
      bar: 0.5,
      want: 'at most',
      unit: 's',
      note: `${bareStart()} s are a bare node`,
    },
  ];
}

/** What a Node process costs on this machine at this moment, whatever it does. */
function bareStart(): string {
  const seconds = Array.from({ length: RUNS }, () => {
    const started = performance.now();
    execFileSync(process.execPath, ['-e', '0']);
    return (performance.now() - started) / 1_000;
  });
  return median(seconds).toFixed(2);
}

/** Those with which the bar of five seconds was set: 25 cases. The bar of the others is as much a case. */
const FIRST_CASES = 25;
const FIRST_BAR_S = 5;

async function suites(): Promise<Bar[]> {
  const out = mkdtempSync(join(tmpdir(), 'meterproof-'));
  const main = join(packageRoot(), 'dist/harness/cli/main.js');
  const words = [
    'run',
    '--client',
    'reference',
    '--time',
    'virtual',
    '--workers',
    '2',
    '--reporter',
    'json',
  ];
  const started = performance.now();
  const { status, stdout } = spawnSync(process.execPath, [main, ...words, '--out', out], {
    encoding: 'utf8',
    maxBuffer: 1 << 30,
  });
  const measured = (performance.now() - started) / 1_000;
  rmSync(out, { recursive: true, force: true });
  if (status !== 0) throw new Error(`the suites do not pass (exit status ${status})`);
  const { cases } = JSON.parse(stdout) as { cases: readonly object[] };
  const name = `${cases.length} cases of the suites, the reference client, a process a case, two workers`;
  const bar = (FIRST_BAR_S * cases.length) / FIRST_CASES;
  const note = `a bare node ${bareStart()} s`;
  return [{ name, measured, bar, want: 'at most', unit: 's', note }];
}

async function repeats(): Promise<Bar[]> {
  const play = attempts(3_600_000, 23, 1);
  const times = 1_000;
  const { error = 'one trace' } = await repeat(play, { times, lanes: 2 });
  const name = `${times} repeats of one case, two at a time`;
  const measured = error === 'one trace' ? 1 : 2;
  return [{ name, measured, bar: 1, want: 'at most', unit: 'distinct traces', note: error }];
}

const BENCHES = { waiting, dense, suites, repeats };

const wanted = process.argv.slice(2);
const bars: Bar[] = [];
for (const [name, bench] of Object.entries(BENCHES))
  if (wanted.length === 0 || wanted.includes(name)) bars.push(...(await bench()));
process.exitCode = report(bars, (line) => process.stdout.write(`${line}\n`)) ? 0 : 1;
