// How long a connect waits, and what virtual time says of one that it cannot follow.
import t from 'tap';
import { findPython, native } from './fixture/build.fixture.ts';
import { LOOPBACK_IPV6, whyNoLoopback } from '../../run/places.ts';
import { playNative, type WorldResult } from './native-world.fixture.ts';

const python = native ? findPython() : undefined;
const needs = python ? {} : { skip: 'needs Linux on x86-64 and python3' };
const noIpv6 = await whyNoLoopback(LOOPBACK_IPV6);

function play(program: string): Promise<WorldResult> {
  return playNative({
    command: [python!, '-c', program],
    servers: [{ port: 5001 }, { port: 5003, state: 'black-hole' }, { address: '::1', port: 5007 }],
  });
}

t.test('a socket that says how long waits so long for an answer', needs, async (t) => {
  const { stdout } = await play(`
import socket, time
for options in ({}, {18: 5000}, {18: 10}, {7: 2}, {7: 2, 18: 6500}, {7: 5, 18: 40000}):
    s = socket.socket()
    for name, value in options.items(): s.setsockopt(6, name, value)
    start = time.monotonic()
    try: s.connect(('127.0.0.1', 5003))
    except OSError as e: print(options, e.errno, time.monotonic() - start, s.getsockopt(6, 18))
`);
  t.equal(
    stdout,
    `{} 110 127.0 0
{18: 5000} 110 5.0 5000
{18: 10} 110 1.0 10
{7: 2} 110 7.0 0
{7: 2, 18: 6500} 110 6.5 6500
{7: 5, 18: 40000} 110 40.0 40000
`,
  );
});

t.test('what a program computes while it connects takes nothing of that time', needs, async (t) => {
  const { stdout } = await play(`
import select, socket, time
s = socket.socket()
s.setblocking(False)
s.setsockopt(6, 18, 10)
s.connect_ex(('127.0.0.1', 5001))
print(s.getsockopt(6, 18))
s.setsockopt(6, 18, 20)
began = time.process_time()
# Real time: longer than the kernel would wait.
while time.process_time() < began + 1.2: pass
poll = select.poll()
poll.register(s, select.POLLOUT)
poll.poll(1000)
print(s.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR), s.getsockopt(6, 18))
`);
  t.equal(stdout, '10\n0 20\n');
});

for (const [what, program, message] of [
  [
    'hands a pending connection away',
    `
a, b = socket.socketpair()
s = socket.socket()
s.setblocking(False)
s.connect_ex(('127.0.0.1', 5001))
socket.send_fds(a, [b'x'], [s.fileno()])
`,
    /hands to another process/,
  ],
  [
    'hands an open connection away and closes it',
    `
a, b = socket.socketpair()
s = socket.create_connection(('127.0.0.1', 5001))
socket.send_fds(a, [b'x'], [s.fileno()])
s.close()
time.sleep(1)
`,
    /hands to another process/,
  ],
  [
    'connects from ::1',
    `
s = socket.socket(socket.AF_INET6)
s.bind(('::1', 0))
s.connect(('::1', 5007))
`,
    /bound to an address of IPv6/,
  ],
  [
    'has no descriptor left when it first connects',
    `
resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))
all = []
try:
    while True: all.append(socket.socket())
except OSError: all[0].connect(('127.0.0.1', 5001))
`,
    /no descriptor left/,
  ],
] as const)
  t.test(
    `a program that ${what} is told of, with no verdict`,
    program.includes('::1') && noIpv6 !== undefined ? { skip: noIpv6 } : needs,
    async (t) => {
      await t.rejects(play(`import resource, socket, time${program}`), message);
    },
  );
