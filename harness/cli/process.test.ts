// What only a process of its own shows: outputs that fail while it works.
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, openSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { packageRoot } from '../client/package-root.ts';

const main = join(packageRoot(), 'dist/harness/cli/main.js');
const FULL = '/dev/full';
const skip = existsSync(FULL) ? false : `there is no ${FULL}`;

/** Runs `meterproof` with one descriptor, 1 or 2, on a disk that is full; gives what it says on the other. */
function onFullDisk(failing: 1 | 2, words: readonly string[], tmp: string) {
  const full = openSync(FULL, 'w');
  const stdio = (at: 1 | 2) => (at === failing ? full : 'pipe');
  const child = spawn(process.execPath, [main, ...words], {
    env: { ...process.env, TMPDIR: tmp },
    stdio: ['ignore', stdio(1), stdio(2)],
  });
  let said = '';
  (failing === 1 ? child.stderr : child.stdout)!.on('data', (chunk: Buffer) => {
    said += chunk.toString();
  });
  return new Promise<{ said: string; status: number | null }>((resolve) =>
    child.on('close', (status) => resolve({ said, status })),
  );
}

t.test(
  'a report that cannot be written is no failure of the client, and leaves nothing',
  { skip },
  async (t) => {
    const folder = t.testdir();
    const tmp = join(folder, 'tmp');
    mkdirSync(tmp);
    for (const words of [['list'], ['run', 'offline/primary-refuses', '--out', folder]]) {
      const { said, status } = await onFullDisk(1, words, tmp);
      t.equal(
        said,
        'meterproof: its output cannot be written: the disk is full: ENOSPC: no space left on device, write\n',
      );
      t.equal(status, 2, words.join(' '));
    }
    t.same(readdirSync(tmp), []);
  },
);

t.test('a complaint that nobody can read changes no exit status', { skip }, async (t) => {
  const { said, status } = await onFullDisk(2, ['explain', 'offline/no-such-case'], t.testdir());
  t.same({ said, status }, { said: '', status: 2 });
});

t.test(
  'a signal that arrives twice at once, as from `timeout`, is one: nothing is left behind',
  async (t) => {
    const folder = t.testdir({ tmp: {} });
    const tmp = join(folder, 'tmp');
    const child = spawn(process.execPath, [main, 'run', '--suite', 'offline', '--out', folder], {
      env: { ...process.env, TMPDIR: tmp, NO_COLOR: '1' },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let said = '';
    child.stdout.on('data', (chunk: Buffer) => {
      if (said === '') child.kill('SIGTERM');
      said += chunk.toString();
    });
    // It has heard the first.
    child.stderr.once('data', () => child.kill('SIGTERM'));
    const status = await new Promise((resolve) => child.on('close', resolve));
    t.equal(status, 130);
    t.match(said, /STOPPED /);
    t.same(readdirSync(tmp), []);
  },
);
