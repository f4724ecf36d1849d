// Connections over fork and exec, and what becomes of one that nobody waits for.
import t from 'tap';
import { findPython, native } from './fixture/build.fixture.ts';
import { playNative, type WorldResult } from './native-world.fixture.ts';

const python = native ? findPython() : undefined;
const needs = python ? {} : { skip: 'needs Linux on x86-64 and python3' };

const COMMON = `
import os, select, socket, subprocess, sys, time
def begin(port):
    s = socket.socket()
    s.setblocking(False)
    s.connect_ex(('127.0.0.1', port))
    return s
def finish(s):
    poll = select.poll()
    poll.register(s, select.POLLOUT)
    poll.poll(300000)
    return s.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
def ask(s):
    s.settimeout(20)
    s.sendall(b'CHECK\\n')
    return s.recv(9)
def say(*words):
    os.write(1, (' '.join(map(str, words)) + '\\n').encode())
def become(*rest):
    os.execv(sys.executable, [sys.executable, '-c', *rest])
`;

function play(program: string): Promise<WorldResult> {
  return playNative({
    command: [python!, '-c', `${COMMON}${program}`],
    env: { COMMON },
    servers: [{ port: 5001 }, { port: 5002, state: 'refuse' }],
  });
}

t.test('who has begun to connect may sleep, or wait for a child, until then', needs, async (t) => {
  const { trace } = await play(`
s = begin(5001)
time.sleep(5)
say(finish(s), ask(s))
refused = begin(5002)
subprocess.run(['sleep', '5'])
say(finish(refused))
`);
  t.equal(
    trace,
    `1ms 5001 accept
5s1ms 5001 data 6 "CHECK\\n"
5s2ms out "0 b'OK\\\\n'\\n"
5s3ms 5002 refused
10s2ms out "111\\n"
10s2ms exit 0`,
  );
});

t.test('a child finishes what its parent has begun, in a socket of both', needs, async (t) => {
  const { stdout } = await play(`
s, refused = begin(5001), begin(5002)
if os.fork() == 0:
    say('child', finish(s), ask(s), finish(refused))
    os._exit(0)
os.wait()
say('parent', finish(s), ask(s), finish(refused))
`);
  t.equal(stdout, "child 0 b'OK\\n' 111\nparent 0 b'OK\\n' 111\n");
});

t.test('a server hears a child at once, also while its parent does not look', needs, async (t) => {
  const { trace } = await play(`
s = socket.create_connection(('127.0.0.1', 5001))
if os.fork() == 0:
    say('child', ask(s))
    os._exit(0)
os.wait()
`);
  t.match(trace, /^3ms 5001 data 6/m);
  t.match(trace, /child b'OK/);
});

t.test(
  'an exec keeps the connections that it inherits, and closes the others',
  needs,
  async (t) => {
    const { trace } = await play(`
s, gone, pending = socket.create_connection(('127.0.0.1', 5001)), socket.create_connection(('127.0.0.1', 5001)), begin(5001)
for one in (s, pending): os.set_inheritable(one.fileno(), True)
become('''
import os
exec(os.environ["COMMON"])
began = time.process_time()
# Longer than the kernel waits before it sends a SYN again.
while time.process_time() < began + 1.2: pass
new = socket.create_connection(("127.0.0.1", 5001))
for fd in sys.argv[1:]:
    old = socket.socket(fileno=int(fd))
    say(finish(old), ask(old))
say(ask(new))
''', str(s.fileno()), str(pending.fileno()))
`);
    t.equal(
      trace,
      `1ms 5001 accept
3ms 5001 accept
5ms 5001 accept
5ms 5001 end
5ms 5001 accept
7ms 5001 data 6 "CHECK\\n"
8ms out "0 b'OK\\\\n'\\n"
9ms 5001 end
9ms 5001 data 6 "CHECK\\n"
10ms out "0 b'OK\\\\n'\\n"
11ms 5001 data 6 "CHECK\\n"
12ms out "b'OK\\\\n'\\n"
12ms exit 0`,
    );
  },
);

t.test('a socket shows the same port in each run after a failure', needs, async (t) => {
  const program = `
for _ in range(2):
    s = socket.socket()
    try: s.connect(('127.0.0.1', 5002))
    except OSError: say(s.getsockname())
    s.connect(('127.0.0.1', 5001))
    say(s.getsockname(), ask(s))
`;
  const { trace } = await play(program);
  t.match(trace, /5001 accept/);
  t.equal((await play(program)).trace, trace);
});

t.test(
  'more connections than a report holds are told, and never called closed',
  needs,
  async (t) => {
    await t.rejects(
      play(`
import resource
resource.setrlimit(resource.RLIMIT_NOFILE, (resource.getrlimit(resource.RLIMIT_NOFILE)[1],) * 2)
all = [begin(5001) for _ in range(513)]
finish(all[0])
`),
      /more than 512 connections/,
    );
  },
);
