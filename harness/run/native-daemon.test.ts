// A daemon in virtual time: hooks that talk to it are outside that time, and its own port is no server of the case.
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { metering } from '../../emulators/metering/index.ts';
import { loadCase } from '../case/load.ts';
import { findPython, native } from '../client/native/fixture/build.fixture.ts';
import { resolveClient } from '../client/resolve.ts';
import { conclude } from './conclude.ts';
import { runCase } from './run-case.ts';
import { VirtualWorld } from './virtual-world.ts';

const python = native ? findPython() : undefined;
const needs = python ? {} : { skip: 'needs Linux on x86-64 and python3' };

/** Dials its server when it is told to, by whatever way, and answers who waits for an answer. */
const DAEMON = `
import os, select, signal, socket, sys
data = os.environ['METERPROOF_DATA']
host, port = os.environ['METERPROOF_SERVER_ALPHA_SHARE'].rsplit(':', 1)
signal.signal(signal.SIGUSR1, lambda *_: dial())
def dial(): socket.create_connection((host, int(port))).close()
os.mkfifo(data + '/fifo')
fifo = os.open(data + '/fifo', os.O_RDWR)
control = socket.socket(socket.AF_UNIX)
control.bind(data + '/socket')
control.listen()
open(data + '/pid', 'w').write(str(os.getpid()))
while True:
    for one in select.select([control, fifo], [], [])[0]:
        if one == fifo: os.read(fifo, 100)
        else:
            asker, _ = control.accept()
            asker.recv(100)
            asker.sendall(b'done')
        dial()
`;
const HOOKS: Readonly<Record<string, string>> = {
  socket: `import os, socket; s = socket.socket(socket.AF_UNIX); s.settimeout(20)
s.connect(os.environ['METERPROOF_DATA'] + '/socket'); s.sendall(b'go'); assert s.recv(100) == b'done'`,
  fifo: `import os; open(os.environ['METERPROOF_DATA'] + '/fifo', 'w').write('go')`,
  signal: `import os; os.kill(int(open(os.environ['METERPROOF_DATA'] + '/pid').read()), 10)`,
};

async function play(t: Test, daemon: string, hook?: string) {
  const plan = loadCase(
    `
title: a client connects when it is told to
source: a test
servers: [alpha]
client: { mode: offline, attempts: 1, pollingInterval: 1h, retryDelay: 5s, connectTimeout: 5s, answerTimeout: 5s }
play: |
  0s   client  start
${hook === undefined ? '' : '  10m  client  run word.exe for 5m'}
  20m  end
expect: |
  10m..10m1s  alpha.share  connect
  15m..15m1s  alpha.share  connect
`,
    'suites/test/told.yaml',
    { rules: new Set(), dialects: [metering] },
  );
  const tell = [python, '-B', '{here}/tell.py'];
  const folder = t.testdir({
    'daemon.py': daemon,
    'tell.py': hook ?? '',
    'client.yaml': JSON.stringify({
      name: 'daemon',
      command: [python, '-B', '{here}/daemon.py'],
      tier: 'black-box',
      time: ['virtual'],
      hooks: { 'start-program': tell, 'stop-program': tell },
    }),
  });
  const client = resolveClient(join(folder, 'client.yaml'), {
    cwd: folder,
    searchPath: process.env['PATH'] ?? '',
  });
  const world = new VirtualWorld({ epochMs: 0, seed: 1, stallMs: 20_000, preload: '' });
  const played = await runCase(plan, world, { client, seed: 1, dialect: metering });
  return { error: played.error, ...conclude(plan, played, client.profile, []) };
}

for (const [way, hook] of Object.entries(HOOKS))
  t.test(`a hook reaches the client by a ${way}`, needs, async (t) => {
    const { error, verdict, reason } = await play(t, DAEMON, hook);
    t.equal(error, undefined);
    t.equal(verdict, 'pass', reason ?? '');
  });

t.test('a client that connects to another process of its own is named', needs, async (t) => {
  const daemon = `
import os, socket, sys, time
own = socket.socket()
if os.fork() == 0:
    time.sleep(60)
    with open('port') as file:
        socket.create_connection(('127.0.0.1', int(file.read())))
own.bind(('127.0.0.1', 0))
own.listen()
with open('port', 'w') as file:
    file.write(str(own.getsockname()[1]))
own.accept()`;
  const { error } = await play(t, daemon);
  t.match(
    error,
    /^escaped: client connects to port \d+, at which another process of it listens \(python.*scaled, real/,
  );
});
