import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { long } from '../../run/depth.fixture.ts';
import { HOUR, MINUTE, SECOND } from '../../clock/clock.ts';
import type { Wire, WireListener } from '../../shim/transport.ts';
import { HarnessError } from '../process.ts';
import { answerLines, playNative, type WorldSpec } from './native-world.fixture.ts';
import { compile, find, findPython, native, script } from './fixture/build.fixture.ts';
import { shimFile } from './shim-file.ts';

const retry = compile('retry');
const threads = compile('threads');
const waits = compile('waits');
const curl = find('curl') && find('bash');
const python = native ? findPython() : undefined;
const needs = (program: unknown, name: string) =>
  native && program ? {} : { skip: native ? `${name} is missing` : 'needs Linux on x86-64' };

/** Feeds commands to stdin, all at the start, then EOF. */
const commands =
  (...lines: readonly string[]): NonNullable<WorldSpec['play']> =>
  ({ client }) => {
    client.write(`${lines.join('\n')}\n`);
    client.endInput();
  };

t.test(
  'a C client meets every kind of server, and each time-out lasts as long as it says',
  needs(retry, 'cc'),
  async (t) => {
    const { trace, exit } = await playNative({
      command: [retry!, '5'],
      servers: [
        { port: 5001 },
        { port: 5002, state: 'refuse' },
        { port: 5003, state: 'black-hole' },
        { port: 5004, accept: () => ({ data: () => {}, end: () => {}, reset: () => {} }) },
        {
          port: 5005,
          accept: (wire) => {
            wire.resume();
            return { data: () => wire.reset(), end: () => {}, reset: () => {} };
          },
        },
        {
          port: 5006,
          accept: (wire) => {
            wire.resume();
            return { data: () => wire.end(), end: () => {}, reset: () => {} };
          },
        },
        { address: '::1', port: 5007 },
      ],
      play: commands(
        'try 127.0.0.1 5001 10',
        'try 127.0.0.1 5002 10',
        'try 127.0.0.1 5003 20',
        'try 127.0.0.1 5003 0',
        'try 127.0.0.1 5004 30',
        'try 127.0.0.1 5005 10',
        'try 127.0.0.1 5006 10',
        'try ::1 5007 10',
        'try license.example 80 10',
      ),
    });
    t.equal(
      trace,
      `1ms 5001 accept
3ms 5001 data 6 "CHECK\\n"
4ms out "id 46647fd3\\n0s 127.0.0.1 5001: answered\\n"
5ms 5001 end
5ms 5002 refused
6ms out "0s 127.0.0.1 5002: Connection refused\\n"
7ms 5003 unanswered
20s6ms out "20s 127.0.0.1 5003: Operation now in progress\\n"
20s7ms 5003 unanswered
2m27s6ms out "147s 127.0.0.1 5003: Connection timed out\\n"
2m27s7ms 5004 accept
2m57s8ms out "177s 127.0.0.1 5004: Resource temporarily unavailable\\n"
2m57s9ms 5005 accept
2m57s11ms 5005 data 6 "CHECK\\n"
2m57s12ms out "177s 127.0.0.1 5005: Connection reset by peer\\n"
2m57s13ms 5006 accept
2m57s15ms 5006 data 6 "CHECK\\n"
2m57s16ms out "177s 127.0.0.1 5006: ended\\n"
2m57s17ms 5006 end
2m57s17ms 5007 accept
2m57s19ms 5007 data 6 "CHECK\\n"
2m57s20ms out "177s ::1 5007: answered\\n177s license.example 80: Name or service not known\\n177s stdin: ended\\n"
2m57s20ms exit 5`,
    );
    t.same(exit, { code: 5, signal: null });
  },
);

t.test(
  'commands come at their time, and files bear the time of the clock',
  needs(retry, 'cc'),
  async (t) => {
    const { stdout } = await playNative({
      command: [retry!],
      // Made by a real clock, after the epoch of the case.
      files: (folder) => writeFileSync(join(folder, 'written'), 'x'),
      play: ({ clock, client }) => {
        client.write('old\nfile\n');
        clock.at(90n * MINUTE, () => client.write('old\nnonsense\n'));
        clock.at(2n * HOUR, () => client.setClock(-3_600_000));
        clock.at(3n * HOUR, () => {
          client.write('old\n');
          client.endInput();
        });
      },
    });
    t.same(stdout.split('\n').slice(1), [
      '0s file: 0 s old',
      '0s file: now',
      '5400s file: 5400 s old',
      '5400s nonsense: unknown',
      '7200s file: 7200 s old',
      '7200s stdin: ended',
      '',
    ]);
  },
);

t.test('the seed decides random numbers', needs(retry, 'cc'), async (t) => {
  const of = async (seed: number) =>
    (await playNative({ command: [retry!], seed, play: commands('sleep 1') })).stdout;
  t.equal(await of(7), await of(7));
  t.not(await of(7), await of(8));
});

t.test('every wait of a C program ends at its time', needs(waits, 'cc'), async (t) => {
  const { stdout, exit } = await playNative({ command: [waits!], until: 400n * 24n * HOUR });
  t.same(stdout.trimEnd().split('\n'), [
    '10 sleep cut short by setitimer 90',
    '30 pause -1',
    '60 longjmp out of a handler 2',
    '65 sigtimedwait 14',
    '70 pselect with a mask -1',
    '100 system 3',
    '105 hello 0',
    '110 world 0',
    '110 pclose 0',
    '110 posix_spawn of nothing 2',
    '117 posix_spawn without an environment 4',
    '127 wait for a killed child 15',
    '133 waitid after vfork 0',
    '163 timerfd 1',
    '363 timerfd again 3',
    '403 epoll_wait 1',
    '403 pipe 0',
    '404 poll 0',
    '406 poll for longer 1',
    '406 a pipe that is filled 1000000',
    '406 a pipe that is emptied 1000000',
    '446 flock 0',
    '946 sem_timedwait -1',
    '986 timer_create with a thread 100',
    '1046 clock_nanosleep until 0',
    '31537046 a year 0',
    '31537048 a busy loop 0',
  ]);
  t.equal(exit?.code, 0);
});

t.test('threads take turns: one trace, however often', needs(threads, 'cc'), async (t) => {
  const spec: WorldSpec = { command: [threads!, '5001', '24'], servers: [{ port: 5001 }] };
  const first = await playNative(spec);
  t.match(first.stdout, /^86400s joined after beats 4[78]$/m);
  t.equal(first.stdout.match(/result 1/g)?.length, 24);
  t.equal(first.threads, 5);
  for (let repeat = 0; repeat < 5; repeat++) t.equal((await playNative(spec)).trace, first.trace);
});

t.test('the shim takes no functions for memory from libraries, whose own may be traps', (t) => {
  const names = readFileSync(shimFile(), 'latin1').split('\0');
  t.ok(names.includes('dlsym'), 'it does take some');
  // Both serve the program's own lookups of names, outside any trap.
  const allowed = new Set(['strdup', 'strcasecmp']);
  t.same(
    names.filter((name) => /^_*(mem|str|stp)[a-z]+$/.test(name) && !allowed.has(name)),
    [],
  );
  t.end();
});

for (const sanitizer of ['address', 'thread']) {
  const built = compile('threads', [`-fsanitize=${sanitizer}`]);
  t.test(`a client built with -fsanitize=${sanitizer}`, needs(built, 'it'), async (t) => {
    const spec: WorldSpec = { command: [built!, '5001', '0'], servers: [{ port: 5001 }] };
    const { stdout, exit, trace } = await playNative(spec);
    t.match(stdout, /^0s joined after beats 0$/m);
    t.same(exit, { code: 0, signal: null });
    t.equal((await playNative(spec)).trace, trace);
  });
}

t.test(
  'a Python client with threads, a subprocess and asyncio',
  needs(python, 'python3'),
  async (t) => {
    const spec: WorldSpec = {
      command: [python!, script('client.py'), '5001', '5002'],
      servers: [{ port: 5001 }, { port: 5002, state: 'refuse' }],
      until: 30n * 24n * HOUR,
      play: ({ clock, client, listeners }) => {
        void listeners[0]!.set('black-hole');
        clock.at(10n * HOUR, () => void listeners[0]!.set('open'));
        clock.at(21n * 24n * HOUR, () => {
          client.write('hello\n');
          client.endInput();
        });
      },
    };
    const { trace, stdout, exit } = await playNative(spec);
    t.match(stdout, /^10\.002 5001 TimeoutError$/m);
    t.match(stdout, /5001 b'OK\\n' \('127\.0\.0\.1', 5001\)/);
    t.match(stdout, /Name or service not known/);
    t.match(stdout, /task 1/);
    t.match(stdout, /file 50\.0/);
    t.match(stdout, /asyncio b'OK\\n'/);
    t.match(stdout, /asyncio time-out/);
    t.match(stdout, /line hello\n.* end \n$/);
    t.equal(exit?.code, 0, stdout);
    for (let repeat = 0; repeat < 2; repeat++) t.equal((await playNative(spec)).trace, trace);
  },
);

long('a shell loop with curl, pipes, jobs and traps', needs(curl, 'bash or curl'), async (t) => {
  const web = (wire: Wire): WireListener => {
    wire.resume();
    const data = () => {
      wire.write(Buffer.from('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi'), () => {});
    };
    return { data, end: () => wire.end(), reset: () => {} };
  };
  const spec: WorldSpec = {
    command: ['bash', script('loop.sh'), '5001', '5002', '5003'],
    servers: [
      { port: 5001, accept: web },
      { port: 5002, state: 'refuse' },
      { port: 5003, state: 'black-hole' },
      { address: '::1', port: 5004, accept: web },
    ],
    play: ({ clock, client }) => void clock.at(4n * HOUR, () => client.terminate()),
  };
  const { stdout, trace, exit } = await playNative(spec);
  t.same(stdout.trimEnd().split('\n'), [
    '5001: curl 0 hi 00:00:00',
    '5002: curl 7  01:00:00',
    '5003: curl 28  02:00:20',
    'read from a child that connects: hi 03:00:20',
    'a name that nobody has: curl 6 03:00:20',
    '::1: curl 0 hi 03:00:20',
    '100000 50000',
    'a signal 03:02:00',
    'wait 138 03:02:00',
    'wait 0 03:17:00',
    'told to go 04:00:00',
  ]);
  t.same(exit, { code: 7, signal: null });
  t.equal((await playNative(spec)).trace, trace);
});

t.test(
  'twenty megabytes each way, and from a file, take no time',
  needs(python, 'python3'),
  async (t) => {
    const size = 20 * 1024 * 1024;
    const program = `
import socket, time
start = time.time()
data = open('large', 'rb').read()
c = socket.create_connection(('127.0.0.1', 5001))
c.sendall(data)
c.shutdown(socket.SHUT_WR)
back = 0
while part := c.recv(65536): back += len(part)
print(len(data), back, time.time() - start < 0.01)`;
    let heard = 0;
    const { stdout } = await playNative({
      command: [python!, '-c', program],
      files: (folder) => writeFileSync(join(folder, 'large'), Buffer.alloc(size, 'x')),
      servers: [
        {
          port: 5001,
          accept: (wire) => {
            wire.resume();
            return {
              data: (bytes) => (heard += bytes.length),
              end: () => {
                wire.write(Buffer.alloc(size, 'y'), () => {});
                wire.end();
              },
              reset: () => {},
            };
          },
        },
      ],
    });
    t.equal(heard, size);
    t.equal(stdout, `${size} ${size} True\n`);
  },
);

long('what the shim cannot reach is named before it runs', { ...needs(true, '') }, async (t) => {
  const folder = t.testdir({ script: '#!/usr/bin/env nothing-of-this-name\n', text: 'hello' });
  execFileSync('chmod', ['+x', join(folder, 'text')]);
  const fails = async (command: readonly string[], expected: RegExp) => {
    const error = await playNative({ command, stallMs: 300 }).then(
      () => undefined,
      (reason: unknown) => reason,
    );
    t.type(error, HarnessError);
    t.match((error as Error).message, expected);
  };
  await fails([join(folder, 'text')], /^escaped: .*text is neither a script nor an ELF program/);
  const fixed = compile('retry', ['-static']);
  if (fixed) {
    await fails([fixed], /^escaped: .* is statically linked.*scaled, real/);
    await fails(['sh', '-c', `sleep 5; '${fixed}'; sleep 5`], /^escaped: .* is statically linked/);
  }
  const go = compile('retry', ['-DGO_NOTE']);
  if (go) {
    await fails([go], /^escaped: .* is a Go program.*scaled, real/);
    await fails(['sh', '-c', `sleep 5; '${go}'; sleep 5`], /^escaped: .* is a Go program/);
  }
  if (python) {
    const ring = (status: string) => [
      python,
      '-c',
      `import ctypes, sys; sys.exit(${status} if ctypes.CDLL(None).syscall(425, 8, 0) < 0 else 9)`,
    ];
    await fails(ring('1'), /^escaped: client has ended without io_uring.*scaled, real/);
    t.equal((await playNative({ command: ring('0') })).exit?.code, 0);
  }
  await fails(
    ['sh', '-c', 'sleep 5; mkfifo pipe; cat pipe'],
    /^stalled: .*(?:cat|sh) \(pid \d+, 1 thread\) in open.*wait_for_partner/,
  );
  await fails(['sh', '-c', 'while :; do :; done'], /^stalled: .*which is busy/);
});

long('a loop on the clock, until a time hours away, ends', needs(python, 'python3'), async (t) => {
  const waits = ['pass', 'time.sleep(0.001)', 'select.select([], [], [], 0)'];
  for (const wait of waits) {
    const program = `import select, time\nwhile time.monotonic() < 1e6: ${wait}`;
    await t.rejects(
      playNative({ command: [python!, '-c', program], stallMs: 300 }),
      /^stalled: for 0.3 s of real time it waited no longer than 1ms at a time, and its clock .*python3/,
      wait,
    );
  }
});

t.test('a client that waits for nothing shows what it waits in', needs(retry, 'cc'), async (t) => {
  await t.rejects(
    playNative({ command: [retry!] }),
    /deadlock: c: retry \(pid \d+, 1 thread\) waits in read$/,
  );
});

t.test(
  'killed while it waits for an answer, it sends a FIN and leaves nobody',
  needs(python, 'python3'),
  async (t) => {
    const program = `
import socket, os, time
if os.fork() == 0: time.sleep(1e6)
c = socket.create_connection(('127.0.0.1', 5001))
c.recv(10)`;
    const { trace, exit } = await playNative({
      command: [python!, '-c', program],
      servers: [{ port: 5001, accept: (wire) => (wire.resume(), answerLines(wire)) }],
      until: 10n * SECOND,
      play: ({ clock, client }) => void clock.at(5n * SECOND, () => client.kill()),
    });
    t.same(exit, { code: null, signal: 'SIGKILL' });
    t.equal(trace, '1ms 5001 accept\n5s exit SIGKILL');
  },
);
