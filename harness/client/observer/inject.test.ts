import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import tap from 'tap';
import { native } from '../native/fixture/build.fixture.ts';
import { packageRoot } from '../package-root.ts';
import { observerFor } from './inject.ts';
import { ADDRESS, BOUND_MS, observe, PORT, SIX } from './observe.fixture.ts';

/** Writes files into a folder of their own, which goes with the test. */
function folderWith(
  t: Pick<typeof tap, 'teardown'>,
  files: Readonly<Record<string, string>>,
): string {
  const folder = mkdtempSync(join(tmpdir(), 'meterproof observer-'));
  t.teardown(() => rmSync(folder, { recursive: true }));
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
  return folder;
}

tap.test('the program decides which observer is expected', (t) => {
  const kind = (...command: string[]) =>
    observerFor(command, '/case/attempts', {}, '/nowhere').kind;
  for (const program of ['node', '/usr/bin/node', 'nodejs', 'node.exe', 'npx', 'tsx'])
    t.equal(kind(program, 'client.js'), 'node', program);
  for (const program of ['python', 'python3', '/opt/bin/python3.12'])
    t.equal(kind(program, 'client.py'), 'python', program);
  for (const program of ['./client', 'sh', 'nodemon', 'python-config', 'my-node', ''])
    t.equal(kind(program), native ? 'native' : 'none', program);
  t.equal(kind(), 'none');
  t.equal(kind('/usr/bin/env', '-i', 'A=1', 'python3', 'client.py'), 'python');
  const text = folderWith(t, { client: 'no program' });
  t.same(observerFor(['./client'], '/case/attempts', { PYTHONPATH: '/own' }, text), {
    kind: 'none',
    env: {},
  });
  t.end();
});

tap.test('what a client has in its environment already stays', (t) => {
  const envOf = (program: string, own: Record<string, string>) =>
    observerFor([program], '/case/attempts', own, '/nowhere').env;
  const node = envOf('node', { NODE_OPTIONS: '--no-warnings' });
  t.match(node['NODE_OPTIONS'], /^--require ".*" --no-warnings$/);
  const python = envOf('python', { PYTHONPATH: '/own' });
  t.ok(python['PYTHONPATH']?.endsWith(`${delimiter}/own`));
  t.equal(python['METERPROOF_OBSERVER'], '/case/attempts');
  if (native) {
    t.match(envOf('sh', { LD_PRELOAD: '/own.so' })['LD_PRELOAD'], /observer\.so:\/own\.so$/);
    const { ASAN_OPTIONS } = envOf('sh', { ASAN_OPTIONS: 'verbosity=1' });
    t.equal(ASAN_OPTIONS, 'verbosity=1:verify_asan_link_order=0');
  }
  t.end();
});

const NODE_CLIENT = `
import net from 'node:net';
import http from 'node:http';
const failed = (target) => new Promise((resolve) =>
  (target instanceof net.Socket ? target : http.get(target)).on('error', (error) => resolve(error.code)).on('connect', resolve));
const host = '${ADDRESS}', port = ${PORT};
const both = (_name, _options, done) => done(null, [{ address: '::2', family: 6 }, { address: host, family: 4 }]);
const again = async (times) => {
  const socket = new net.Socket();
  const byName = { host: 'one.test', port, lookup: (_name, _options, done) => done(null, host, 4), autoSelectFamily: false };
  for (let time = 0; time < times; time++)
    await new Promise((resolve) => socket.once('error', () => {}).once('close', resolve).connect(byName));
  return socket.listenerCount('close');
};
console.log(JSON.stringify([
  await failed(net.connect(port, host)),
  await failed(net.connect({ port: String(port), host })),
  await failed(new net.Socket().connect(port, host)),
  await failed('http://' + host + ':' + port + '/'),
  await fetch('http://' + host + ':' + port + '/').catch((error) => error.cause.code),
  await failed(net.connect({ host: 'license.test', port, lookup: both, autoSelectFamily: true })) !== '',
  await failed(net.connect('/nowhere')),
  await again(12),
  await failed(net.connect(port, '0:0::1')),
  net.Socket.prototype.connect.name, net.Socket.prototype.connect.length,
]));
try { net.connect(-1); } catch (error) { console.log(error.code); }
`;

tap.test('a Node client is observed, and notices nothing', (t) => {
  const file = join(folderWith(t, { 'client.mjs': NODE_CLIENT }), 'client.mjs');
  const plain = spawnSync('node', [file], { encoding: 'utf8', timeout: BOUND_MS });
  const observed = observe(['node', file]);
  t.same(observed.kinds, ['node']);
  const expected = [...Array<string>(6 + 12).fill(`${ADDRESS}:${PORT}`), SIX];
  t.same(observed.attempts, expected, 'each attempt once');
  t.match(plain.stdout, /ECONNREFUSED.*ENOENT/);
  t.same(
    [observed.stdout, observed.stderr, observed.status],
    [plain.stdout, plain.stderr, plain.status],
  );
  t.end();
});

tap.test('a Node client lives on when the observer cannot write', (t) => {
  const file = join(folderWith(t, { 'client.mjs': NODE_CLIENT }), 'client.mjs');
  const lost = { ...process.env, METERPROOF_OBSERVER: '/nowhere/attempts' };
  const preload = join(packageRoot(), 'dist/harness/client/observer/preload.cjs');
  const { status, stderr } = spawnSync('node', ['--require', preload, file], {
    env: lost,
    encoding: 'utf8',
    timeout: BOUND_MS,
  });
  t.same([status, stderr], [0, '']);
  t.end();
});

const PYTHON_CLIENT = `
import asyncio, socket, sys
address = ("${ADDRESS}", ${PORT})
for connect in (lambda: socket.create_connection(address, 5), lambda: socket.socket().connect(address)):
    try:
        connect()
    except ConnectionRefusedError:
        print("refused")
print(socket.socket().connect_ex(address) != 0)
try:
    asyncio.run(asyncio.open_connection(*address))
except ConnectionRefusedError:
    print("refused")
socket.socket(socket.AF_INET, socket.SOCK_DGRAM).connect(address)
try:
    socket.socket(socket.AF_UNIX).connect("/nowhere")
except FileNotFoundError:
    print("no such path")
try:
    socket.socket().connect("nonsense")
except TypeError:
    print("nonsense")
print(socket.socket(socket.AF_INET6).connect_ex(("::1", address[1], 0, 0)) != 0)
print(sys.path[1:], "site" in sys.modules, getattr(sys, "meterproof_test", None))
`;

const python = spawnSync('python3', ['--version']).status === 0;

tap.test('a Python client is observed, and notices nothing', (t) => {
  if (!python) {
    t.comment('skipped: there is no python3 here');
    return t.end();
  }
  const file = join(folderWith(t, { 'client.py': PYTHON_CLIENT }), 'client.py');
  const own = folderWith(t, {
    'sitecustomize.py': 'import sys\nsys.meterproof_test = __file__\n',
  });
  for (const env of [{}, { PYTHONPATH: own }]) {
    const plain = spawnSync('python3', [file], {
      env: { PATH: process.env['PATH'], ...env },
      encoding: 'utf8',
      timeout: BOUND_MS,
    });
    const observed = observe(['python3', file], env);
    t.same(observed.kinds, ['python']);
    const expected = [...Array<string>(4).fill(`${ADDRESS}:${PORT}`), SIX];
    t.same(observed.attempts, expected, 'each attempt once');
    t.match(plain.stdout, 'PYTHONPATH' in env ? /sitecustomize/ : /None/);
    t.same(
      [observed.stdout, observed.stderr, observed.status],
      [plain.stdout, plain.stderr, plain.status],
    );
  }
  const isolated = observe(['python3', '-I', file]);
  t.same(
    [isolated.kinds, isolated.attempts],
    [[], []],
    'one that does not load it is not observed',
  );
  t.end();
});
