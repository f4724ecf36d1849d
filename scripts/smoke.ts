// npm run smoke: real processes, sockets and time, in about a minute. What a busy machine leaves open is told, and does not fail.
import { spawn, spawnSync } from 'node:child_process';
import { text } from 'node:stream/consumers';
import type { JsonReport } from '../harness/report/json.ts';

interface Step {
  readonly title: string;
  readonly command: readonly string[];
  /** Whether the step failed, from what it wrote; absent: its exit status says it. */
  readonly failed?: (output: string) => boolean;
}

const NODE = process.execPath;
/** More than any step takes: one that hangs is ended. */
const LONGEST_MS = 120_000;

function run(client: string, time: string): Step {
  const args = ['--suite', 'smoke', '--client', client, '--time', time];
  return {
    title: `${client}, time ${time}`,
    command: [NODE, 'dist/harness/cli/main.js', 'run', ...args, '--reporter', 'json'],
    failed(output) {
      // Nothing at all: it could not even begin, and has said why.
      if (output === '') return true;
      const { cases, summary } = JSON.parse(output) as JsonReport;
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
const lanes = await Promise.all([
  inTurn([run('reference', 'real'), probe]),
  inTurn([...(hasPython ? [run('example-python', 'real')] : []), run('reference', 'scaled:2')]),
]);
process.exitCode = lanes.every(Boolean) ? 0 : 1;
