// A client of several processes: each has its link, one runs at a time, and what they say to each other comes in one order.
import t from 'tap';
import { long } from '../../run/depth.fixture.ts';
import { MINUTE } from '../../clock/clock.ts';
import { playNode } from './node-world.fixture.ts';

const WORKER = `
import net from 'node:net';
const from = Date.now();
const [name, every, times] = process.argv.slice(2);
let n = 0;
const timer = setInterval(() => {
  console.log(name, ++n);
  if (n === Number(times)) { clearInterval(timer); console.log(name, 'ends'); }
}, Number(every));
`;

const EXPECTED = String.raw`
script: "first 1\n"
script: "first 2\nfirst ends\n"
script: "second 1\nsecond ends\n"
script closed 0 3000
absolute: "absolute 1\nabsolute ends\n"
absolute closed 0 7000
exec: "shell 1\nshell ends\n"
exec: "done\n"
exec closed 0 8000
echo: "echo hello"
echo: "end of input\n"
echo closed 0 10000
y 1
x 1
y 2
x 2
y 3
y ends
both closed 0 10600
x 3
x ends
both closed 0 10900
sync 1
sync ends
at 86410900
sync-shell 1
sync-shell ends
ok
at 86415900
killed: "killed 1\n"
killed: "killed 2\n"
killed closed SIGTERM 86418400
not node
at 86418400
seen: none
timed out SIGTERM 86428400
`;

t.test('fork: messages, exits and timers of both sides in one time', async (t) => {
  const spec = {
    files: {
      'child.mjs': `
        process.on('message', ({ after }) => setTimeout(() => {
          process.send({ said: 'after ' + after, at: Date.now(), pid: process.pid, ppid: process.ppid });
          if (after > 5_000) process.disconnect();
        }, after));
      `,
    },
    program: `
      import { fork } from 'node:child_process';
      const from = Date.now();
      const child = fork('./child.mjs', { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
      console.log(child.pid === process.pid + 1);
      child.on('message', ({ said, at, pid, ppid }) => console.log(said, at - from, Date.now() - from, pid === child.pid, ppid === process.pid));
      child.on('exit', (code) => console.log('exit', code, Date.now() - from));
      child.send({ after: 3_600_000 });
      child.send({ after: 1_000 });
      setTimeout(() => console.log('parent', Date.now() - from), 2_000);
    `,
  };
  const { stdout, stderr, error } = await playNode(spec);
  t.equal(error, undefined);
  t.equal(stderr, '');
  t.same(stdout.trim().split('\n'), [
    'true',
    'after 1000 1000 1000 true true',
    'parent 2000',
    'after 3600000 3600000 3600000 true true',
    'exit 0 3600000',
  ]);
});

long(
  'children by name, by path, through scripts and shells; what they write has one order',
  async (t) => {
    const spec = {
      files: {
        'worker.mjs': WORKER,
        'echo.mjs': `
        process.stdin.setEncoding('utf8')
          .on('data', (text) => setTimeout(() => process.stdout.write('echo ' + text), 500))
          .on('end', () => console.log('end of input'));
      `,
        'run.sh': '#!/bin/sh\nnode worker.mjs first 1000 2\nnode worker.mjs second 1000 1\n',
        'absolute.sh': `#!/bin/sh\n'${process.execPath}' worker.mjs absolute 4000 1\n`,
      },
      program: `
      import { exec, execSync, execFile, spawn, spawnSync } from 'node:child_process';
      const from = Date.now();
      const at = () => Date.now() - from;
      const end = (name, child) => new Promise((done) => {
        child.stdout?.setEncoding('utf8').on('data', (text) => console.log(name + ':', JSON.stringify(text)));
        child.on('close', (code, signal) => { console.log(name, 'closed', code ?? signal, at()); done(); });
      });
      await end('script', spawn('./run.sh', { env: { PATH: process.env.PATH } }));
      await end('absolute', spawn('./absolute.sh'));
      await end('exec', exec('node worker.mjs shell 1000 1; echo done'));
      const echo = spawn(process.execPath, ['echo.mjs']);
      setTimeout(() => echo.stdin.write('hello'), 100);
      setTimeout(() => echo.stdin.end(), 2_000);
      await end('echo', echo);
      const both = [['x', '300'], ['y', '200']].map(([name, every]) => spawn('node', ['worker.mjs', name, every, '3'], { stdio: 'inherit' }));
      await Promise.all(both.map((child) => end('both', child)));
      console.log(spawnSync('node', ['worker.mjs', 'sync', '86400000', '1'], { encoding: 'utf8' }).stdout + 'at', at());
      console.log(execSync('node worker.mjs sync-shell 5000 1 && echo ok', { encoding: 'utf8' }) + 'at', at());
      const killed = spawn('node', ['worker.mjs', 'killed', '1000', '10']);
      setTimeout(() => process.kill(killed.pid, 'SIGTERM'), 2_500);
      await end('killed', killed);
      console.log(spawnSync('sh', ['-c', 'sleep 0.01; echo not node']).stdout + 'at', at());
      execFile('node', ['worker.mjs', 'slow', '99999', '5'], { timeout: 10_000 }, ({ signal }) => console.log('timed out', signal, at()));
      console.log('seen:', Object.keys(process.env).filter((name) => /METERPROOF|NODE_OPTIONS/.test(name)).join() || 'none');
    `,
    };
    const first = await playNode(spec);
    t.equal(first.error, undefined);
    t.equal(first.stderr, '');
    t.same(first.stdout.split('\n').filter(Boolean), EXPECTED.trim().split('\n'));
    const second = await playNode(spec);
    t.same(second.lines, first.lines, 'the same, line by line');
  },
);

t.test('a conversation between processes takes no time', async (t) => {
  const { stdout, error } = await playNode({
    files: {
      'child.mjs': `
        process.on('message', (n) => process.send(n + 1));
        process.stdin.on('data', (data) => process.stdout.write(data + '!')).on('end', () => process.disconnect());
      `,
    },
    program: `
      import { fork } from 'node:child_process';
      const from = Date.now();
      const child = fork('./child.mjs', { silent: true });
      const later = setInterval(() => {}, 1_000);
      let said = '';
      child.on('message', (n) => {
        if (n < 9) return child.send(n + 1);
        console.log('messages', n, Date.now() - from);
        child.stdin.write('pipe');
      });
      child.stdout.on('data', (data) => {
        said += data;
        if (said.length < 30) return child.stdin.write('pipe');
        console.log(said, Date.now() - from);
        child.stdin.end();
      });
      child.on('close', () => { console.log('closed', Date.now() - from); clearInterval(later); });
      child.send(0);
    `,
  });
  t.equal(error, undefined);
  t.equal(stdout, `messages 9 0\n${'pipe!'.repeat(6)} 0\nclosed 0\n`);
});

t.test('a lot of output through a pipe: nobody waits for ever', async (t) => {
  const { stdout, error } = await playNode({
    files: {
      'flood.mjs':
        "process.stdout.write('x'.repeat(3_000_000)); setTimeout(() => process.stdout.write('y'), 1000)",
    },
    program: `
      import { spawn } from 'node:child_process';
      let bytes = 0;
      const child = spawn(process.execPath, ['flood.mjs']);
      child.stdout.on('data', (data) => (bytes += data.length)).on('end', () => console.log(bytes));
    `,
  });
  t.equal(error, undefined);
  t.equal(stdout, '3000001\n');
});

t.test('a launcher: the child reads the commands and the signal', async (t) => {
  const { lines } = await playNode({
    files: {
      'real.mjs':
        "process.stdin.on('data', (data) => console.log('heard ' + data.toString().trim())).on('end', () => console.log('end'))",
    },
    program: `
      import { spawn } from 'node:child_process';
      spawn(process.execPath, ['real.mjs'], { stdio: 'inherit' }).on('exit', (code) => process.exit(code));
    `,
    play: ({ clock, client }) => {
      clock.at(MINUTE, () => client.write('hello\n'));
      clock.at(2n * MINUTE, () => client.endInput());
    },
  });
  t.same(lines, ['1m heard hello', '2m end', '2m exit 0']);
});

t.test('what starts the client and does not end with it is ended, and told', async (t) => {
  const { error, stdout, exit } = await playNode({
    // Found as `node`: not in virtual time itself, as `node --watch` is not.
    node: './launcher',
    files: { launcher: `#!/bin/sh\n"${process.execPath}" "$@"\nexec sleep 1000\n` },
    program: "console.log('at work')",
    stallMs: 300,
  });
  t.match(error, /^stalled: .*"sleep 1000" goes on, though the client that it started has ended/);
  t.equal(stdout, 'at work\n');
  t.same(exit, { code: null, signal: 'SIGKILL' });
});

t.test('what several children say at one moment is heard at that moment', async (t) => {
  const { stdout, stderr } = await playNode({
    files: {
      'child.mjs': `
        process.on('message', (n) => setTimeout(() => process.send(process.argv[2] + n), 300));
        process.send('ready');
      `,
    },
    program: `
      import { fork } from 'node:child_process';
      const children = ['a', 'b', 'c'].map((name) => fork('./child.mjs', [name]));
      const from = Date.now();
      for (const child of children)
        child.on('message', (message) => {
          if (message === 'ready') return child.send(1), setTimeout(() => child.send(2), 1_000);
          console.log(message, Date.now() - from);
          if (message.endsWith('2')) child.disconnect();
        });
    `,
  });
  t.equal(stderr, '');
  t.same(
    stdout.trim().split('\n').toSorted(),
    ['a', 'b', 'c'].flatMap((name) => [`${name}1 300`, `${name}2 1300`]),
  );
});
