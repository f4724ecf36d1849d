import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { long } from '../../run/depth.fixture.ts';
import { HOUR } from '../../clock/clock.ts';
import { VirtualWorld } from '../../run/virtual-world.ts';
import { packageRoot } from '../package-root.ts';
import { launchThread, whyNotThread } from './thread-client.ts';

const SCRIPT = join(import.meta.dirname, 'fixture/curious.cjs');

interface Outcome {
  readonly exit: unknown;
  readonly out: string;
  readonly err: string;
}

/** Plays the fixture in a world of its own; `input` is written to its stdin at once, `end` is done to it after an hour. */
async function play(
  folder: string,
  what: string,
  { input, end }: { input?: string; end?: 'terminate' | 'kill' } = {},
): Promise<Outcome> {
  const world = new VirtualWorld({
    epochMs: Date.UTC(2026, 0, 1),
    seed: 1,
    stallMs: 2_000,
    preload: join(packageRoot(), 'dist/harness/client/virtual/preload/main.js'),
    launch: launchThread,
  });
  mkdirSync(folder, { recursive: true });
  let exit: unknown;
  let out = '';
  let err = '';
  const client = world.launch(
    {
      command: [process.execPath, SCRIPT, what],
      env: { FOLDER: folder, PATH: process.env['PATH'] ?? '' },
      folder,
      client: 'client',
      run: 1,
    },
    {
      stdout: (chunk) => void (out += chunk.toString()),
      stderr: (chunk) => void (err += chunk.toString()),
      broke: (why) => void (err += why),
      exited: (how) => (exit = how),
    },
  );
  if (input !== undefined) client.write(input);
  if (end) world.clock.at(HOUR, () => client[end]());
  try {
    await world.run(() => exit !== undefined);
  } finally {
    await world.close();
  }
  return { exit, out, err };
}

const LIKE_A_PROCESS = [
  'main=true',
  'script=true',
  'folder=true',
  'options=[]',
  'link=[]',
  'left=[null,null,null,null]',
  'written=true',
];

t.test('a thread looks like a process of its own', async (t) => {
  const { exit, out, err } = await play(t.testdir(), 'exit');
  t.same(exit, { code: 7, signal: null });
  t.same(out.trim().split('\n'), LIKE_A_PROCESS);
  t.equal(err, 'to stderr\n');
});

t.test('nothing that one client leaves behind is there for the next', async (t) => {
  const folder = t.testdir();
  // From the third on, a thread is started before it is known for whom.
  for (const name of ['a', 'b', 'c', 'd'])
    t.same((await play(join(folder, name), 'exit')).out.trim().split('\n'), LIKE_A_PROCESS, name);
});

t.test('a day passes, and input comes over the link', async (t) => {
  const folder = t.testdir();
  t.match((await play(join(folder, 'a'), 'wait')).out, 'waited=86400000');
  t.match((await play(join(folder, 'b'), 'stdin', { input: 'hello' })).out, 'stdin="hello"');
});

t.test('an error that nobody catches ends the client with its words on stderr', async (t) => {
  const { exit, err } = await play(t.testdir(), 'throw');
  t.same(exit, { code: 1, signal: null });
  t.match(err, /Error: nobody catches this\n +at [^]*Node\.js v\d+/);
});

t.test('what only a process can do is named, never played on', async (t) => {
  await t.rejects(play(t.testdir(), 'chdir'), /process\.chdir .*--time virtual gives it a process/);
});

long('a client that spins is ended, and the next one gets another host', async (t) => {
  const folder = t.testdir();
  await t.rejects(play(join(folder, 'a'), 'spin'), /stalled/);
  t.match((await play(join(folder, 'b'), 'exit')).exit, { code: 7 });
});

t.test('a signal ends the thread at once, and the host takes the next client', async (t) => {
  const folder = t.testdir();
  const terminated = await play(join(folder, 'a'), 'asked', { end: 'terminate' });
  t.same(terminated.exit, { code: null, signal: 'SIGTERM' });
  const killed = await play(join(folder, 'b'), 'asked', { end: 'kill' });
  t.same(killed.exit, { code: null, signal: 'SIGKILL' });
  const next = await play(join(folder, 'c'), 'asked', { end: 'kill' });
  const hosts = [terminated, killed, next].map(({ out }) => /host=.*/.exec(out)?.[0]);
  t.equal(new Set(hosts).size, 1, String(hosts));
  t.notMatch(terminated.out + killed.out, 'goodbye');
});

t.test('a file is synchronized at once, one that is not open is still refused', async (t) => {
  t.match((await play(t.testdir(), 'sync')).out, 'closed=["EBADF","fsync"]');
});

t.test('only a script that Node starts without options of its own can have a thread', (t) => {
  t.equal(whyNotThread([process.execPath, '/x/client.js', '--port', '1']), undefined);
  t.match(whyNotThread(['/usr/bin/python3', '/x/client.py']), /only a Node script/);
  t.match(whyNotThread([process.execPath, '--inspect', '/x/client.js']), /options of Node/);
  t.match(whyNotThread([process.execPath]), /its command is not/);
  t.end();
});
