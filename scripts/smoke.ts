// npm run smoke: real processes, sockets and time, in about a minute. What a busy machine leaves open is told, and does not fail.
// Then the same cases in every mode: the same events in the same order.
import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import type { JsonReport } from '../harness/report/json.ts';
import { orderDifference } from './same-order.ts';

interface Step {
  readonly title: string;
  readonly command: readonly string[];
  /** Whether the step failed, from what it wrote; absent: its exit status says it. */
  readonly failed?: (output: string) => boolean;
}

const NODE = process.execPath;
/** More than any step takes: one that hangs is ended. */
const LONGEST_MS = 120_000;

const traces = mkdtempSync(join(tmpdir(), 'meterproof-smoke-'));
/** The cases that passed, of each client in each mode. */
const passed = new Map<string, readonly string[]>();

function folderOf(client: string, time: string): string {
  return join(traces, client, time.replace(':', '-'));
}

function run(client: string, time: string): Step {
  const out = folderOf(client, time);
  const args = ['--suite', 'smoke', '--client', client, '--time', time, '--out', out];
  return {
    title: `${client}, time ${time}`,
    command: [NODE, 'dist/harness/cli/main.js', 'run', ...args, '--reporter', 'json'],
    failed(output) {
      // Nothing at all: it could not even begin, and has said why.
      if (output === '') return true;
      const { cases, summary } = JSON.parse(output) as JsonReport;
      passed.set(
        out,
        cases.filter(({ verdict }) => verdict === 'pass').map(({ id }) => id),
      );
      for (const { id, verdict } of cases) {
        const again =
          verdict === 'pass' ? '' : `  meterproof run ${id} --client ${client} --time ${time}`;
        console.log(`  ${verdict.padEnd(12)}  ${id}${again}`);
      }
      return summary.fail + summary.error > 0;
    },
  };
}

/** True where the step did what it must. Its output comes in one piece: other steps run beside it. */
async function take({ title, command, failed }: Step): Promise<boolean> {
  const started = performance.now();
  const [program, ...args] = command;
  const child = spawn(program!, args, { stdio: ['ignore', 'pipe', 'pipe'], timeout: LONGEST_MS });
  const exited = new Promise<boolean>((resolve) => {
    child.once('error', () => resolve(false));
    child.once('exit', (code) => resolve(code === 0));
  });
  const [output, errors, isWell] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    exited,
  ]);
  console.log(`${title}  (${((performance.now() - started) / 1000).toFixed(1)} s)`);
  const isFailed = failed ? failed(output) : !isWell;
  if (isFailed) console.log(`FAILED\n${failed ? '' : output}${errors}`);
  return !isFailed;
}

async function inTurn(steps: readonly Step[]): Promise<boolean> {
  let allWell = true;
  for (const step of steps) allWell = (await take(step)) && allWell;
  return allWell;
}

const hasPython = spawnSync('python3', ['--version']).status === 0;
if (!hasPython) console.log('python3 is missing: its example client is skipped');
const probe = {
  title: 'black holes on real sockets',
  command: [NODE, '--import', 'tsx', 'harness/shim/transport-real.probe.ts'],
};
/** Every mode against virtual time, case by case: a case that the machine left open in one of them says nothing. */
function isOneOrder(client: string, modes: readonly string[]): boolean {
  const virtual = folderOf(client, 'virtual');
  let isOne = true;
  for (const mode of modes) {
    const other = folderOf(client, mode);
    const ids = (passed.get(other) ?? []).filter((id) => passed.get(virtual)?.includes(id));
    for (const id of ids) {
      const difference = orderDifference(join(virtual, client), join(other, client), id);
      if (difference) console.log(`FAILED  ${client}, ${id}: ${mode} and virtual, ${difference}`);
      isOne &&= difference === undefined;
    }
    console.log(`${client}: the order of events in ${ids.length} cases, ${mode} against virtual`);
  }
  return isOne;
}

const python = hasPython ? ['example-python'] : [];
try {
  const lanes = await Promise.all([
    inTurn([run('reference', 'real'), probe]),
    inTurn([...python.map((client) => run(client, 'real')), run('reference', 'scaled:2')]),
  ]);
  const quick = await inTurn([
    run('reference', 'virtual'),
    run('reference', 'in-process'),
    ...python.map((client) => run(client, 'virtual')),
  ]);
  const orders = [
    isOneOrder('reference', ['real', 'scaled:2', 'in-process']),
    ...python.map((client) => isOneOrder(client, ['real'])),
  ];
  process.exitCode = [...lanes, quick, ...orders].every(Boolean) ? 0 : 1;
} finally {
  rmSync(traces, { recursive: true, force: true });
}
