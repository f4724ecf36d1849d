// What a client in a thread starts has processes of its own, in the same virtual time as those of a client in a process.
import { execFile } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { long } from '../../run/depth.fixture.ts';
import { type Launch, launchProcess } from '../virtual/launch.ts';
import { VirtualWorld } from '../../run/virtual-world.ts';
import { packageRoot } from '../package-root.ts';
import { launchThread } from './thread-client.ts';

const CHILD = `
const [name, everyMs] = process.argv.slice(2);
let n = 0;
const timer = setInterval(() => {
  console.log(name, ++n);
  if (n === 3) clearInterval(timer);
}, Number(everyMs));
process.on('message', ({ after }) =>
  setTimeout(() => {
    process.send({ at: Date.now() });
    process.disconnect();
  }, after),
);
`;
const CLIENT = `
import { exec, execFile, fork, spawnSync } from 'node:child_process';
import { once } from 'node:events';
const from = Date.now();
const say = (...words) => console.log(Date.now() - from, ...words);
const child = process.argv[2];
const forked = fork(child, ['forked', '60000'], { silent: true });
forked.stdout.on('data', (bytes) => say(String(bytes).trim()));
forked.send({ after: 86_400_000 });
forked.on('message', ({ at }) => say('answer', at - from));
await once(forked, 'close');
await new Promise((done) => execFile(process.execPath, [child, 'file', '1000'], (error, out) => done(say('file', out.trim().split('\\n').length))));
await new Promise((done) => exec('node "' + child + '" shell 1000; echo over', (error, out) => done(say('shell', out.trim().split('\\n').length))));
say('sync', String(spawnSync(process.execPath, [child, 'sync', '1000']).stdout).trim().split('\\n').length);
const killed = fork(child, ['killed', '60000'], { silent: true });
setTimeout(() => killed.kill(), 90_000);
const [, signal] = await once(killed, 'exit');
say('killed', signal);
process.exit(0);
`;

async function said(folder: string, launch: Launch): Promise<string> {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'child.mjs'), CHILD);
  writeFileSync(join(folder, 'client.mjs'), CLIENT);
  const world = new VirtualWorld({
    epochMs: Date.UTC(2026, 0, 1),
    seed: 1,
    stallMs: 20_000,
    preload: join(packageRoot(), 'dist/harness/client/virtual/preload/main.js'),
    launch,
  });
  let text = '';
  let isOver = false;
  world.launch(
    {
      command: [process.execPath, join(folder, 'client.mjs'), join(folder, 'child.mjs')],
      env: { PATH: process.env['PATH'] ?? '' },
      folder,
      client: 'client',
      run: 1,
    },
    {
      stdout: (chunk) => void (text += chunk.toString()),
      stderr: (chunk) => void (text += chunk.toString()),
      broke: (why) => void (text += why),
      exited: () => (isOver = true),
    },
  );
  try {
    await world.run(() => isOver);
  } finally {
    await world.close();
  }
  return text;
}

t.test('children of a client in a thread: messages, timers, shells, signals', async (t) => {
  const folder = t.testdir();
  const text = await said(join(folder, 'thread'), launchThread);
  t.equal(
    text,
    `60000 forked 1
120000 forked 2
180000 forked 3
86400000 answer 86400000
86403000 file 3
86406000 shell 4
86409000 sync 3
86499000 killed SIGTERM
`,
  );
  t.equal(text, await said(join(folder, 'process'), launchProcess), 'as in a process');
});

/** Paths of other releases of Node, with colons; this one is always tried. */
const NODES = [process.execPath, ...(process.env['METERPROOF_NODES'] ?? '').split(':')].filter(
  Boolean,
);
for (const node of NODES)
  long(`in a thread of ${node} as in a process of it`, async (t) => {
    const folder = t.testdir();
    const main = join(packageRoot(), 'dist/harness/cli/main.js');
    const trace = async (mode: string): Promise<string> => {
      const out = join(folder, mode);
      const words = ['run', 'offline/primary-refuses', '--epoch', '2026-01-01', '--out', out];
      await new Promise<void>((resolve, reject) =>
        execFile(
          node,
          [main, ...words, '--time', mode],
          { timeout: 60_000 },
          (error, text, err) => {
            if (error) reject(new Error(`${text}${err}`));
            else resolve();
          },
        ),
      );
      return readFileSync(join(out, 'reference/offline/primary-refuses.jsonl'), 'utf8');
    };
    t.equal(await trace('in-process'), await trace('virtual'));
  });
