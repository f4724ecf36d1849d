// The bars of virtual time for Node clients (npm run bench [name …]). Each client is a process of its own, started anew for each case.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { packageRoot } from '../harness/client/package-root.ts';
import { attempts, denseDay } from './attempts.ts';
import { type Bar, besideBare, report, secondsBar } from './bars.ts';

const YEAR_S = 365 * 86_400;

async function waiting(): Promise<Bar[]> {
  const every23h = 23 * 3_600_000;
  const play = attempts(every23h, Math.floor((YEAR_S * 1_000) / every23h), 365);
  const { seconds } = await besideBare(play);
  const name = 'a waiting client, one attempt every 23 h for a year';
  const note = `${seconds.toFixed(2)} s for the year`;
  return [
    { name, measured: YEAR_S / seconds, bar: 1e6, want: 'at least', unit: '× real time', note },
  ];
}

async function dense(): Promise<Bar[]> {
  const name = 'a dense day, an attempt every 3 minutes, as a process';
  return [secondsBar(name, 0.5, await besideBare(denseDay()))];
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
  let cases = 0;
  const play = async () => {
    const { status, stdout } = spawnSync(process.execPath, [main, ...words, '--out', out], {
      encoding: 'utf8',
      maxBuffer: 1 << 30,
    });
    if (status !== 0) throw new Error(`the suites do not pass (exit status ${status})`);
    cases = (JSON.parse(stdout) as { cases: readonly object[] }).cases.length;
  };
  try {
    const timed = await besideBare(play, 1);
    const name = `${cases} cases of the suites, the reference client, a process a case, two workers`;
    return [secondsBar(name, (FIRST_BAR_S * cases) / FIRST_CASES, timed)];
  } finally {
    rmSync(out, { recursive: true, force: true });
  }
}

const BENCHES = { waiting, dense, suites };

const wanted = process.argv.slice(2);
const bars: Bar[] = [];
for (const [name, bench] of Object.entries(BENCHES))
  if (wanted.length === 0 || wanted.includes(name)) bars.push(...(await bench()));
process.exitCode = report(bars, (line) => process.stdout.write(`${line}\n`)) ? 0 : 1;
