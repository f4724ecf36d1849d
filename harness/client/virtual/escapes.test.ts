// What virtual time cannot follow is named, with the mode that does work; never a verdict.
import t from 'tap';
import { long } from '../../run/depth.fixture.ts';
import { playNode } from './node-world.fixture.ts';

const escapes: readonly (readonly [what: string, program: string, named: RegExp])[] = [
  [
    'a worker thread',
    "import { Worker } from 'node:worker_threads'; new Worker('./other.mjs')",
    /a worker thread \(new Worker\("\.\/other\.mjs"\)\)/,
  ],
  [
    'a client that listens',
    "import http from 'node:http'; http.createServer().listen(8080)",
    /a socket that listens \(server\.listen 8080\)/,
  ],
  ['fs.watch', "import fs from 'node:fs'; fs.watch('.', () => {})", /uses fs\.watch,/],
  [
    'fs.promises.watch',
    "import { watch } from 'node:fs/promises'; for await (const _ of watch('.'));",
    /uses fs\.promises\.watch,/,
  ],
  ['fs.watchFile', "import fs from 'node:fs'; fs.watchFile('x', () => {})", /fs\.watchFile/],
  [
    'a UDP socket',
    "import dgram from 'node:dgram'; dgram.createSocket('udp4').send('x', 9, '127.0.0.1')",
    /a UDP socket \(dgram send\)/,
  ],
  [
    'a blocking read of stdin',
    "import fs from 'node:fs'; fs.readFileSync(0)",
    /a blocking read of its standard input/,
  ],
  [
    'a read of /dev/stdin',
    "import fs from 'node:fs'; fs.createReadStream('/dev/stdin')",
    /a blocking read of its standard input/,
  ],
];
for (const [what, program, named] of escapes)
  t.test(`${what} is an escape`, async (t) => {
    const { error } = await playNode({ program });
    t.match(error, /^escaped: client uses /);
    t.match(error, named);
    t.match(error, /--time scaled:N$/);
  });

t.test('an escape in a child process is the client’s', async (t) => {
  const { error } = await playNode({
    files: { 'child.mjs': "import net from 'node:net'; net.createServer().listen('/tmp/x.sock')" },
    program: "import { fork } from 'node:child_process'; fork('./child.mjs')",
  });
  t.match(error, /escaped: client uses a socket that listens \(server\.listen \/tmp\/x\.sock\)/);
});

t.test(
  'a program that is not Node and connects to a server of the case is an escape',
  async (t) => {
    const dial = (port: number) => `exec 3<>/dev/tcp/127.0.0.1/${port}`;
    const servers = [{ port: 80, state: 'refuse' as const }];
    const ways = [
      `cp.execFile('bash', ['-c', '${dial(80)}'])`,
      `cp.spawnSync('bash', ['-c', '${dial(80)}']); console.log('ends')`,
      `cp.exec('true; bash -c "${dial(80)}"', { env: { PATH: process.env.PATH, LD_PRELOAD: '' } })`,
      "cp.fork('./child.mjs', { env: { PATH: process.env.PATH } })",
    ];
    for (const way of ways) {
      const { error } = await playNode({
        servers,
        program: `import cp from 'node:child_process'; ${way}; setTimeout(() => {}, 1_000);`,
        files: {
          'child.mjs': `import { execFile } from 'node:child_process'; execFile('bash', ['-c', '${dial(80)}'])`,
        },
      });
      t.match(
        error,
        /^escaped: client uses a child process that is not Node and connects to 127\.0\.0\.1:80, .*--time scaled:N$/,
        way,
      );
    }
    const elsewhere = await playNode({
      servers,
      program: `
      import cp from 'node:child_process';
      console.log(cp.spawnSync('bash', ['-c', '${dial(1)}']).status);
      const seen = 'Object.keys(process.env).filter((name) => /METERPROOF|PRELOAD/.test(name)).join() + "."';
      console.log(eval(seen), String(cp.execFileSync('node', ['-p', seen])).trim());
    `,
    });
    t.equal(elsewhere.error, undefined, 'what is no server of the case is its own affair');
    t.equal(elsewhere.stdout, '1\n. .\n');
  },
);

long(
  'what never comes to rest is stalled, within the bound, and what holds it is named',
  async (t) => {
    const stalls: readonly (readonly [program: string, held: RegExp])[] = [
      ['for (;;);', /it computes in a loop that never yields/],
      ['const again = () => setImmediate(again); again()', /it is busy without a pause/],
      [
        "import { spawn } from 'node:child_process'; spawn('sleep', ['1000'])",
        /its child process "sleep 1000" is at work outside virtual time/,
      ],
      [
        "import { spawnSync } from 'node:child_process'; spawnSync('sleep', ['1000'])",
        /its child process "sleep 1000" is at work outside virtual time/,
      ],
    ];
    const results = await Promise.all(
      stalls.map(([program]) => playNode({ program, stallMs: 2_000 })),
    );
    for (const [index, { error }] of results.entries()) {
      t.match(error, /^stalled: client worked for 2 s of real time without coming to rest: /);
      t.match(error, stalls[index]![1]);
      t.match(error, /--stall, or run this client with --time scaled:N$/);
    }
  },
);

t.test('a client that waits for nothing that can come is a deadlock', async (t) => {
  const { error } = await playNode({ program: "process.stdin.on('data', () => {})" });
  t.match(error, /deadlock: client: it has no timer, 0 open sockets, and waits/);
  const forever = 'Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0)';
  t.match((await playNode({ program: forever })).error, /deadlock: client/);
});
