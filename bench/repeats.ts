// One distinct trace, however often (npm run bench repeats): whole cases of a Node and of a Python client, a threaded program in C; then all of
// it with every core kept busy by others. npx tsx bench/repeats.ts [TIMES]
import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { packageRoot } from '../harness/client/package-root.ts';
import { compile } from '../harness/client/native/fixture/build.fixture.ts';
import { playNative } from '../harness/client/native/native-world.fixture.ts';
import { type Bar, report } from './bars.ts';

const TIMES = Number(process.argv[2] ?? 1_000);
/** Turns of threads are dearer, and their tier is beta. */
const THREADED_TIMES = Math.ceil(TIMES / 10);
const CASE = 'smoke/refused-upload';

const hasPython = spawnSync('python3', ['--version']).status === 0;
const threads = compile('threads');

/** The command compares the traces itself, byte by byte, and says where the first difference is. */
function ofClient(client: string, when: string): Bar {
  const out = mkdtempSync(join(tmpdir(), 'meterproof-bench-'));
  const main = join(packageRoot(), 'dist/harness/cli/main.js');
  const words = ['run', CASE, '--client', client, '--time', 'virtual', '--repeat', `${TIMES}`];
  const started = performance.now();
  try {
    const { status, stdout } = spawnSync(process.execPath, [main, ...words, '--out', out], {
      encoding: 'utf8',
    });
    const isOne = status === 0 && stdout.includes(`${TIMES} repeats, one trace`);
    const note = isOne ? secondsSince(started) : stdout.trim().split('\n').slice(-8).join(' | ');
    return bar(`${TIMES} repeats of one case of ${client}${when}`, isOne ? 1 : 2, note);
  } finally {
    rmSync(out, { recursive: true, force: true });
  }
}

async function ofThreads(program: string, when: string): Promise<Bar> {
  const started = performance.now();
  const traces = new Set<string>();
  for (let time = 0; time < THREADED_TIMES; time++) {
    const { trace } = await playNative({
      command: [program, '5001', '24'],
      servers: [{ port: 5001 }],
    });
    traces.add(trace);
  }
  const name = `${THREADED_TIMES} repeats of a program in C with five threads${when}`;
  return bar(name, traces.size, secondsSince(started));
}

function bar(name: string, measured: number, note: string): Bar {
  return { name, measured, bar: 1, want: 'at most', unit: 'distinct traces', note };
}

function secondsSince(started: number): string {
  return `${((performance.now() - started) / 1_000).toFixed(0)} s`;
}

/** Told one by one, for all of it takes a while. */
function told(measured: Bar): boolean {
  return report([measured], (line) => process.stdout.write(`${line}\n`));
}

async function areOne(when: string): Promise<boolean> {
  const clients = ['reference', ...(hasPython ? ['example-python'] : [])];
  const isOne = clients.map((client) => told(ofClient(client, when)));
  if (threads !== undefined) isOne.push(told(await ofThreads(threads, when)));
  return isOne.every(Boolean);
}

const idle = await areOne('');
const others = Array.from({ length: availableParallelism() }, () =>
  spawn(process.execPath, ['-e', 'for (;;);'], { stdio: 'ignore' }),
);
try {
  const busy = await areOne(', every core busy');
  process.exitCode = idle && busy ? 0 : 1;
} finally {
  for (const other of others) other.kill('SIGKILL');
}
