// The bars of clients in threads (npm run bench): npx tsx bench/in-process.ts, after npm run build
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadCase } from '../harness/case/load.ts';
import { resolveClient } from '../harness/client/resolve.ts';
import { launchThread } from '../harness/client/worker/thread-client.ts';
import { DIALECTS } from '../harness/dialects.ts';
import { runSuite } from '../harness/run/run-suite.ts';
import { denseDay } from './attempts.ts';
import { type Bar, besideBare, inTurn, report, secondsBar } from './bars.ts';

const WARM_UPS = 5;
const CASE = `title: an offline client looks for a server every five minutes through a day of downtime
source: Q226827
servers: [alpha, bravo]
client: { mode: offline, attempts: 1, retryDelay: 1m, pollingInterval: 5m }
play: |
  0s    alpha   down refuse for 1d
  0s    bravo   down refuse for 1d
  0s    client  start
  10m   client  run notepad.exe for 5m
  1d1h  end
expect: |
  1d..1d1h  *.share  upload-accept
`;

/** The same case with a client of thirty files that speaks HTTP: most of what it takes is its own. */
function withReference(mode: 'virtual' | 'in-process', outDir: string): () => Promise<void> {
  const plan = loadCase(CASE, 'bench/dense-day.yaml', {
    rules: new Set<string>(),
    dialects: Object.values(DIALECTS),
  });
  const client = resolveClient('reference', {
    cwd: process.cwd(),
    searchPath: process.env['PATH'] ?? '',
  });
  const options = {
    client,
    time: { mode },
    seed: 1,
    epochMs: Date.UTC(2026, 0, 1),
    workers: 1,
    bail: false,
    outDir,
  };
  return async () => {
    const [result] = await runSuite([plan], options, { begin() {}, result() {}, end() {} });
    const { verdict, reason } = result!.judgement;
    if (verdict !== 'pass') throw new Error(`${mode}: ${verdict} ${reason}`);
  };
}

async function dense(): Promise<Bar[]> {
  const play = denseDay(launchThread);
  // The first clients pay for the host, and for a harness that has just begun: threads are for those who play thousands of cases.
  for (let warmUp = 0; warmUp < WARM_UPS; warmUp++) await play();
  return [
    secondsBar(
      'a dense day, an attempt every 3 minutes, in a thread',
      0.2,
      await besideBare(play, 9),
    ),
  ];
}

async function reference(): Promise<Bar[]> {
  const outDir = mkdtempSync(join(tmpdir(), 'meterproof-bench-'));
  try {
    const play = withReference('in-process', outDir);
    await play();
    const [thread, process] = await inTurn([play, withReference('virtual', outDir)]);
    return [
      {
        name: 'a dense day of the reference client, 574 attempts over HTTP: a thread against a process',
        measured: thread! / process!,
        bar: 1,
        want: 'at most',
        unit: '×',
        note: `${thread!.toFixed(2)} s against ${process!.toFixed(2)} s`,
      },
    ];
  } finally {
    rmSync(outDir, { recursive: true, force: true });
  }
}

const bars = [...(await dense()), ...(await reference())];
process.exitCode = report(bars, (line) => process.stdout.write(`${line}\n`)) ? 0 : 1;
