// A dense day (an attempt every few minutes for 24 h of outage): seconds a case as a Node process, and in a thread of a host.
// npx tsx bench/in-process.ts, after npm run build
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadCase } from '../harness/case/load.ts';
import { resolveClient } from '../harness/client/resolve.ts';
import { DIALECTS } from '../harness/dialects.ts';
import { runSuite } from '../harness/run/run-suite.ts';

const CASES = 20;
const BARS = { virtual: 0.5, 'in-process': 0.2 } as const;

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

const plan = loadCase(CASE, 'bench/dense-day.yaml', {
  rules: new Set<string>(),
  dialects: Object.values(DIALECTS),
});
const plans = Array.from({ length: CASES }, (_, index) => ({ ...plan, id: `bench/day-${index}` }));
const outDir = mkdtempSync(join(tmpdir(), 'meterproof-bench-'));

async function secondsPerCase(mode: keyof typeof BARS, cases: typeof plans): Promise<number> {
  const client = resolveClient('reference', {
    cwd: process.cwd(),
    searchPath: process.env['PATH'] ?? '',
  });
  const started = performance.now();
  const results = await runSuite(
    cases,
    {
      client,
      time: { mode },
      seed: 1,
      epochMs: Date.UTC(2026, 0, 1),
      workers: 1,
      bail: false,
      outDir,
    },
    { begin() {}, result() {}, end() {} },
  );
  const took = (performance.now() - started) / 1_000;
  const bad = results.find(({ judgement }) => judgement.verdict !== 'pass');
  if (bad) throw new Error(`${bad.plan.id}: ${bad.judgement.verdict} ${bad.judgement.reason}`);
  const attempts = results[0]!.trace.events.filter(({ event }) => event === 'refused').length;
  console.log(
    `${mode.padEnd(10)}  ${(took / cases.length).toFixed(3)} s a case, ${attempts} attempts in a day (bar ${BARS[mode]} s)`,
  );
  return took / cases.length;
}

try {
  // The first cases pay for what is compiled once.
  await secondsPerCase('in-process', plans.slice(0, 2));
  const process = await secondsPerCase('virtual', plans);
  const thread = await secondsPerCase('in-process', plans);
  console.log(`a thread takes ${(thread / process).toFixed(2)} × the time of a process`);
} finally {
  rmSync(outDir, { recursive: true, force: true });
}
