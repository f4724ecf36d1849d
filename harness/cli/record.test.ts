import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { long } from '../run/depth.fixture.ts';
import { encode } from '../../emulators/metering/codec/index.ts';
import { metering } from '../../emulators/metering/index.ts';
import { parseCapture } from '../capture/capture-file.ts';
import { packageRoot } from '../client/package-root.ts';
import { emulate } from '../record/emulated.fixture.ts';
import { addressOf, serve } from '../record/recording.fixture.ts';
import { parseTrace } from '../trace/file.ts';
import { begin, type Session, whenTold } from './session.fixture.ts';

const folder = mkdtempSync(join(tmpdir(), 'meterproof-record-'));
t.teardown(() => rmSync(folder, { recursive: true, force: true }));

const meterproof = (...args: readonly string[]): Session => begin(folder, ...args);

async function hello(place: { host: string; port: number }): Promise<Socket> {
  const socket = connect(place);
  socket.write(
    encode(
      { type: 'hello', client: 'ws1', user: 'ann', workstation: 'WS1', build: '', mode: 'online' },
      1,
    ),
  );
  await once(socket, 'data');
  return socket;
}

t.test(
  'Ctrl-C ends a recording: the file is whole, names its clients, and can be replayed',
  async (t) => {
    const server = await emulate('alpha', addressOf(60));
    const recording = meterproof(
      ...['record', '--server', `alpha=${server.address}`, '--listen', addressOf(61)],
      ...['--out', 'field.jsonl', '--origin', 'a test', '--redact', 'accounts'],
    );
    const [pipe] = await recording.places(2);
    const socket = await hello(pipe!);
    socket.destroy();
    await once(socket, 'close');
    recording.interrupt();
    t.equal(await recording.status, 0);
    t.match(
      recording.err(),
      /field\.jsonl: 1 connections .* lost 0\nnext: meterproof replay field\.jsonl\n$/,
    );
    const text = readFileSync(join(folder, 'field.jsonl'), 'utf8');
    const { header, events } = parseCapture(text, 'field.jsonl', metering);
    t.same(header.capture, { origin: 'a test', redacted: ['accounts'] });
    t.match(events[0], { actor: 'alpha', face: 'pipe', event: 'connect', from: 'ws1', conn: 1 });
    for (const left of ['raw', 'part', 'named'])
      t.notOk(existsSync(join(folder, `field.jsonl.${left}`)), left);

    const replay = meterproof('replay', 'field.jsonl');
    await replay.status;
    t.match(replay.out(), /field\.jsonl {2}by the rules alone: servers alpha; ws1 online/);
    const again = meterproof('record', '--server', 'alpha=10.0.0.1', '--out', 'field.jsonl');
    t.equal(await again.status, 2);
    t.match(again.err(), /--out: field\.jsonl exists already/);
    await server.close();
  },
);

t.test('what cannot be recorded is told before anybody listens', async (t) => {
  for (const [args, problem] of [
    [[], /no server is named: add --server/],
    [['--server', 'alpha=x:1'], /--server: "alpha=x:1" does not say which face/],
    [['--server', 'alpha=10.0.0.1', '--server', 'alpha=10.0.0.2'], /alpha\.pipe is named twice/],
    [['--server', 'alpha=10.0.0.1', '--redact', 'names'], /"names" is none of accounts/],
    [['--dialect', 'opaque', '--server', 'alpha=h:1', '--redact', 'accounts'], /--redact bytes/],
    [['--server', 'alpha=10.0.0.1', '--listen', '192.0.2.1'], /no such address|EADDRNOTAVAIL/],
  ] as const) {
    const { status, err } = meterproof('record', '--out', 'none.jsonl', ...args);
    t.equal(await status, 2, args.join(' '));
    t.match(err(), problem);
    t.notOk(existsSync(join(folder, 'none.jsonl.raw')));
  }
});

t.test('a client that is started finds the servers, and its end is the end', async (t) => {
  const server = await serve((socket) => socket.end('hello'));
  writeFileSync(
    join(folder, 'client.mjs'),
    `import { connect } from 'node:net';
     const [host, port] = process.argv[2].split(':');
     connect(Number(port), host).on('data', () => process.exit(0));`,
  );
  writeFileSync(
    join(folder, 'client.yaml'),
    `name: mine
protocol: opaque
command: [node, "{here}/client.mjs", "{server.alpha.tcp}"]
tier: black-box
servers: { alpha: { upstream: "127.0.0.1:${server.port}" } }
policy: { attempts: 1, retryDelay: 10s, connectTimeout: 5s, answerTimeout: 5s }
`,
  );
  const args = ['--client', './client.yaml', '--out', 'mine.jsonl', '--listen', addressOf(62)];
  const recording = meterproof('record', ...args, '--redact', 'bytes');
  t.equal(await recording.status, 0, recording.err());
  const { header, events } = parseTrace(readFileSync(join(folder, 'mine.jsonl'), 'utf8'), 'mine');
  t.equal(header.client, './client.yaml');
  t.match(
    events.map(({ event, from, fields, bytes }) => [event, from, fields['length'], bytes]),
    [
      ['connect', 'client', undefined, undefined],
      ['sent', 'client', 5, undefined],
    ],
  );
  await server.close();
});

t.test('the reference client before emulated servers, its commands from stdin', async (t) => {
  const served = begin(folder, 'serve', '--listen', addressOf(64));
  await served.said('alpha.share  ');
  const child = spawn(
    process.execPath,
    [
      ...['--import', 'tsx', join(packageRoot(), 'harness/cli/main.ts'), 'record'],
      ...['--server', `alpha=${addressOf(64)}`, '--listen', addressOf(65)],
      ...['--client', 'reference', '--setting', 'mode=online'],
      ...['--out', join(folder, 'reference.jsonl')],
    ],
    { stdio: ['pipe', 'ignore', 'pipe'], cwd: packageRoot() },
  );
  let err = '';
  child.stderr.on('data', (bytes: Buffer) => (err += bytes.toString()));
  const exited = once(child, 'exit');
  child.stdin.write('{"id":1,"command":"start-program","program":"word.exe"}\n');
  await Promise.race([served.said('lease-grant'), exited]);
  child.stdin.write('{"id":2,"command":"shutdown"}\n');
  t.same(await exited, [0, null], err);
  t.match(err, / lost 0\nnext: meterproof replay/);
  const text = readFileSync(join(folder, 'reference.jsonl'), 'utf8');
  const { header, events } = parseCapture(text, 'reference.jsonl', metering);
  t.match(header, { client: 'reference', observer: /node/ });
  const said = events.filter(
    ({ face, event }) => face === 'pipe' && /^(?:hello|lease)/.test(event),
  );
  t.match(said, [
    { event: 'hello', fields: { mode: 'online' } },
    { event: 'lease-request', fields: { program: 'word.exe' } },
    { event: 'lease-grant' },
  ]);
  t.equal(new Set(events.map(({ from }) => from)).size, 1, 'one client, one name');
  served.interrupt();
  await served.status;
});

long('what a SIGKILL leaves is finished by a command', async (t) => {
  const server = await serve((socket) => socket.pipe(socket));
  const file = join(folder, 'killed.jsonl');
  const raw = `${file}.raw`;
  const child = spawn(
    process.execPath,
    [
      ...['--import', 'tsx', join(packageRoot(), 'harness/cli/main.ts'), 'record'],
      ...['--dialect', 'opaque', '--server', `alpha=127.0.0.1:${server.port}`],
      ...['--listen', addressOf(63), '--out', file],
    ],
    { stdio: ['ignore', 'ignore', 'pipe'], cwd: packageRoot() },
  );
  let err = '';
  const heard = new Set<() => void>();
  child.stderr.on('data', (bytes: Buffer) => {
    err += bytes.toString();
    for (const hear of heard) hear();
  });
  const exited = once(child, 'exit');
  const [place] = await whenTold(1, () => err, heard, exited);
  t.equal(statSync(raw).mode & 0o777, 0o600, 'names and passwords are in it');
  const socket = connect(place!);
  socket.on('error', () => {});
  socket.write('first');
  await once(socket, 'data');
  // Nothing else comes, and nobody asks for it: it stands there all the same.
  const untilMs = Date.now() + 10_000;
  const isThere = () => readFileSync(raw, 'latin1').split('first').length === 3;
  while (!isThere() && Date.now() < untilMs) await new Promise((resolve) => setImmediate(resolve));
  t.ok(isThere());

  let came = 'first';
  let sent = 0;
  const more = (): void => void socket.write(`${sent++} `);
  socket.on('data', (bytes: Buffer) => {
    came += bytes.toString();
    more();
    more();
    // Killed in the middle: the answer to what came last is on its way.
    if (came.length > 20_000 && !child.killed) child.kill('SIGKILL');
  });
  more();
  await exited;
  t.notOk(existsSync(file));
  const again = meterproof('record', '--server', 'alpha=10.0.0.1', '--out', 'killed.jsonl');
  t.equal(await again.status, 2);
  t.match(
    again.err(),
    /killed\.jsonl\.raw was left by .*: meterproof record --finish killed\.jsonl/,
  );

  const finish = meterproof('record', '--finish', 'killed.jsonl');
  t.equal(await finish.status, 0, finish.err());
  t.match(finish.err(), /killed\.jsonl: 1 connections, .* events\nnext: .* --dialect opaque\n$/);
  t.notOk(existsSync(raw));
  const trace = parseTrace(readFileSync(file, 'utf8'), file);
  const inFile = trace.events
    .filter(({ event }) => event === 'sent')
    .map(({ bytes }) => Buffer.from(bytes ?? '', 'base64').toString())
    .join('');
  t.ok(inFile.startsWith('first') && (inFile.startsWith(came) || came.startsWith(inFile)));
  await server.close();

  const nothing = meterproof('record', '--finish', 'killed.jsonl');
  t.equal(await nothing.status, 2);
  t.match(nothing.err(), /there is no killed\.jsonl\.raw: nothing is left to finish/);
  writeFileSync(join(folder, 'foreign.raw'), '{"meterproof":1}\n');
  const foreign = meterproof('record', '--finish', 'foreign.raw');
  t.equal(await foreign.status, 2);
  t.match(foreign.err(), /foreign\.raw is not what meterproof record leaves/);
});
