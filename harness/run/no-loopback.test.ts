// A network namespace is made with its loopback down: servers listen there, and nobody arrives.
import { execFile, spawnSync } from 'node:child_process';
import { join } from 'node:path';
import t from 'tap';
import { packageRoot } from '../client/package-root.ts';

const main = join(packageRoot(), 'dist/harness/cli/main.js');
/** Any user may make one where user namespaces are allowed. */
const ALONE = ['-r', '-n'];
const skip =
  spawnSync('unshare', [...ALONE, 'true']).status === 0 ? false : 'no unshare, or not allowed';
const hasPython = spawnSync('python3', ['--version']).status === 0;

function run(folder: string, ...words: readonly string[]) {
  const command = [...ALONE, process.execPath, main, 'run', '--out', folder, ...words];
  return new Promise<{ status: unknown; out: string; err: string }>((resolve) =>
    execFile('unshare', command, { timeout: 60_000 }, (error, out, err) =>
      resolve({ status: error?.code ?? 0, out, err }),
    ),
  );
}

t.test('without a loopback no client is said to have failed', { skip }, async (t) => {
  const { status, out, err } = await run(t.testdir(), 'smoke/refused-upload', '--time', 'scaled:4');
  t.same({ status, out }, { status: 2, out: '' });
  t.match(
    err,
    /^meterproof: reference cannot run in scaled time: .*127\.0\.0\.1 .*ip link set lo up/,
  );
});

t.test(
  'a native client is told once, for all modes',
  { skip: skip || (hasPython ? false : 'there is no python3') },
  async (t) => {
    const client = ['--client', 'example-python'];
    const { status, err } = await run(t.testdir(), 'offline/primary-refuses', ...client);
    t.equal(status, 2);
    t.match(
      err,
      /: not virtual or scaled or real: this machine does not reach itself at 127\.0\.0\.1/,
    );
    const asked = await run(t.testdir(), 'offline/primary-refuses', ...client, '--time', 'virtual');
    t.match(asked.err, /cannot run in virtual time: this machine does not/);
    t.notMatch(asked.err, /use --time/);
  },
);

t.test('Node in virtual time needs none', { skip }, async (t) => {
  const { status } = await run(t.testdir(), 'offline/primary-refuses');
  t.equal(status, 0);
});
