// What recording costs: npx tsx bench/record.ts
// Bars, each against a plain relay (net, pipe) in the same run: at most 30 % of the exchanges a second, over TCP and over HTTP; at 500
// connections no byte is lost; beside a disk that takes nothing the memory stays within 200 MB.
// HTTP is kept alive, as TCP is: 20 connections, each with one exchange at a time. Relay and recorder take turns in short rounds; a bar is the
// median of their ratios, and the CPU time of either process is told beside it, which other work on the machine does not change so much.
// Servers, relays and load are processes of their own, as they are in life; the recorder is the compiled command (npm run build).
import { execFileSync, type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, constants, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { encode } from '../emulators/metering/codec/index.ts';
import { packageRoot } from '../harness/client/package-root.ts';
import { type Bar, median, report } from './bars.ts';

const HOST = '127.0.0.1';
const ROUNDS = 31;
const ROUND_MS = 250;
const LOAD_MS = 1500;
/** Of /proc. */
const TICK_US = 10_000;
const CONNECTIONS = 20;
const MANY = 500;

const ASKED = {
  pipe: encode(
    { type: 'request-use', program: 'word.exe', originalName: '', version: '8'.repeat(120) },
    1,
  ),
  share: share(),
};
const ANSWERS = {
  pipe: encode({ type: 'granted', lease: 'alpha-1' }, 1),
  share: Buffer.from('HTTP/1.1 201 Created\r\nContent-Length: 18\r\n\r\nrecords=1 known=0\n'),
};
type Face = keyof typeof ASKED;

function share(): Buffer {
  const times = { start: '1999-03-01T08:00:00.000Z', stop: '1999-03-01T09:00:00.000Z' };
  const names = { client: 'ws1', user: 'ann', workstation: 'WS1', program: 'word.exe' };
  const record = { id: 'ws1-1', ...names, originalName: '', version: '8', ...times };
  const body = `${JSON.stringify(record)}\n`;
  return Buffer.from(
    `PUT /LicMtr/Inboxes/Offline/ws1-1.log HTTP/1.1\r\nHost: alpha\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
  );
}

/** Answers each request of known length; says its port. */
function runServer(face: Face): void {
  const server = createServer({ noDelay: true }, (socket) => {
    let held = 0;
    socket.on('error', () => {});
    socket.on('data', (bytes) => {
      held += bytes.length;
      for (; held >= ASKED[face].length; held -= ASKED[face].length) socket.write(ANSWERS[face]);
    });
  });
  server.listen(0, HOST, () => console.log((server.address() as AddressInfo).port));
}

function runSink(): void {
  const server = createServer((socket) => socket.on('error', () => {}).resume());
  server.listen(0, HOST, () => console.log((server.address() as AddressInfo).port));
}

function runRelay(upstream: number): void {
  const server = createServer({ noDelay: true, allowHalfOpen: true }, (socket) => {
    const other = connect({ host: HOST, port: upstream, noDelay: true, allowHalfOpen: true });
    socket.on('error', () => other.destroy()).pipe(other);
    other.on('error', () => socket.destroy()).pipe(socket);
  });
  server.listen({ port: 0, host: HOST, backlog: 1024 }, () =>
    console.log((server.address() as AddressInfo).port),
  );
}

async function opened(port: number, connections: number): Promise<readonly Socket[]> {
  return Promise.all(
    Array.from({ length: connections }, async () => {
      const socket = connect({ host: HOST, port, noDelay: true });
      await once(socket, 'connect');
      return socket;
    }),
  );
}

interface Burst {
  readonly exchanges: number;
  /** Exchanges a second. */
  readonly rate: number;
}

/** Each connection with one exchange at a time, for that long. */
async function burst(sockets: readonly Socket[], face: Face, ms: number): Promise<Burst> {
  let exchanges = 0;
  let isOver = false;
  const begun = performance.now();
  const work = (socket: Socket): Promise<void> =>
    new Promise((resolve, reject) => {
      let held = 0;
      const heard = (bytes: Buffer): void => {
        held += bytes.length;
        if (held < ANSWERS[face].length) return;
        held -= ANSWERS[face].length;
        exchanges++;
        if (!isOver) return void socket.write(ASKED[face]);
        socket.removeListener('data', heard).removeListener('error', reject);
        resolve();
      };
      socket.on('error', reject).on('data', heard);
      socket.write(ASKED[face]);
    });
  const all = Promise.all(sockets.map(work));
  setTimeout(() => (isOver = true), ms);
  await all;
  return { exchanges, rate: (1000 * exchanges) / (performance.now() - begun) };
}

/** Prints one burst, and ends its connections. */
async function runLoad(port: number, face: Face, connections: number, ms: number): Promise<void> {
  const sockets = await opened(port, connections);
  const result = await burst(sockets, face, ms);
  await Promise.all(
    sockets.map(async (socket) => {
      socket.resume().end();
      await once(socket, 'close');
    }),
  );
  console.log(JSON.stringify(result));
  process.exit();
}

/** Bursts through the one port and the other in turn, from one process: whatever else the machine does meets both. */
async function runTurns(face: Face, ports: readonly number[]): Promise<void> {
  const all = await Promise.all(ports.map((port) => opened(port, CONNECTIONS)));
  const pair = async (order: readonly number[]): Promise<readonly Burst[]> => {
    const bursts: Burst[] = [];
    for (const index of order) bursts[index] = await burst(all[index]!, face, ROUND_MS);
    return bursts;
  };
  await pair([0, 1]);
  const rounds: (readonly Burst[])[] = [];
  for (let round = 0; round < ROUNDS; round++)
    rounds.push(await pair(round % 2 === 0 ? [0, 1] : [1, 0]));
  console.log(JSON.stringify(rounds));
  process.exit();
}

interface Started {
  readonly child: ChildProcess;
  readonly port: number;
}

async function start(...args: readonly (string | number)[]): Promise<Started> {
  const child = spawn(
    process.execPath,
    [...process.execArgv, import.meta.filename, ...args.map(String)],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  const [port] = (await once(child.stdout, 'data')) as [Buffer];
  return { child, port: Number(port.toString()) };
}

interface StartedRecorder extends Started {
  /** Ends it; what it says of itself at last. */
  stop(): Promise<string>;
}

/** The command as it is installed. */
async function startRecorder(
  upstream: number,
  face: Face | 'tcp',
  path: string,
): Promise<StartedRecorder> {
  const dialect = face === 'tcp' ? 'opaque' : 'metering';
  const child = spawn(process.execPath, [
    ...[join(packageRoot(), 'dist/harness/cli/main.js'), 'record', '--dialect', dialect],
    ...['--server', `alpha=${HOST}:${upstream}/${face}`, '--out', path],
  ]);
  let said = '';
  child.stderr.on('data', (bytes: Buffer) => (said += bytes.toString()));
  const ended = once(child, 'exit');
  while (!/clients: [\d.]+:\d+/.test(said))
    await Promise.race([
      once(child.stderr, 'data'),
      ended.then(() => Promise.reject(new Error(`meterproof record: ${said}`))),
    ]);
  return {
    child,
    port: Number(/clients: [\d.]+:(\d+)/.exec(said)![1]),
    stop: async () => {
      child.kill('SIGINT');
      await ended;
      return said;
    },
  };
}

function printed(...args: readonly (string | number)[]): unknown {
  const script = [...process.execArgv, import.meta.filename, ...args.map(String)];
  return JSON.parse(execFileSync(process.execPath, script).toString());
}

/** User and system time that a process has used, µs. */
function cpuUs({ pid }: ChildProcess): number {
  const [, fields = ''] = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ');
  const [user, system] = fields.split(' ').slice(11, 13).map(Number);
  return (user! + system!) * TICK_US;
}

async function cost(face: Face, folder: string): Promise<Bar> {
  const server = await start('server', face);
  const relay = await start('relay', server.port);
  const recorder = await startRecorder(server.port, face, join(folder, `${face}.jsonl`));
  const both = [relay, recorder];
  const before = both.map(({ child }) => cpuUs(child));
  const rounds = printed('turns', face, relay.port, recorder.port) as (readonly [Burst, Burst])[];
  const cpu = both.map(({ child }, index) => {
    const exchanges = rounds.reduce((sum, round) => sum + round[index]!.exchanges, 0);
    // The first burst, for warming up, is not among the rounds.
    return ((cpuUs(child) - before[index]!) / exchanges) * (ROUNDS / (ROUNDS + 1));
  });
  const stopped = performance.now();
  const events = Number(/(\d+) events/.exec(await recorder.stop())![1]);
  const madeAt = events / ((performance.now() - stopped) / 1000);
  for (const { child } of [server, relay]) child.kill('SIGTERM');
  const rates = both.map((_, index) => median(rounds.map((round) => round[index]!.rate)));
  const [plainCpu, ownCpu, plainRate, ownRate] = [...cpu, ...rates].map((one) => one.toFixed(0));
  return {
    name: `recording costs of a relay's exchanges, ${face === 'pipe' ? 'TCP' : 'HTTP'}`,
    measured: median(rounds.map(([plain, recorded]) => 100 * (1 - recorded.rate / plain.rate))),
    bar: 30,
    want: 'at most',
    unit: '%',
    note: `${ownRate} of ${plainRate} exchanges a second, ${ownCpu} and ${plainCpu} µs of CPU each; then ${events} events made at ${madeAt.toFixed(0)}/s`,
  };
}

/** Counted at both ends and in the file: what was asked and answered stands there, byte for byte. */
async function loss(folder: string): Promise<Bar> {
  const path = join(folder, 'many.jsonl');
  const server = await start('server', 'pipe');
  const recorder = await startRecorder(server.port, 'pipe', path);
  const { exchanges } = printed('load', recorder.port, 'pipe', MANY, LOAD_MS) as Burst;
  const said = await recorder.stop();
  server.child.kill('SIGTERM');
  const bytes = { received: 0, sent: 0 };
  for (const line of readFileSync(path, 'utf8').split('\n').slice(1, -1)) {
    const event = JSON.parse(line) as { event: string; bytes?: string };
    if (event.event === 'received' || event.event === 'sent')
      bytes[event.event] += Buffer.from(event.bytes ?? '', 'base64').length;
  }
  const missing =
    Math.abs(exchanges * ASKED.pipe.length - bytes.received) +
    Math.abs(exchanges * ANSWERS.pipe.length - bytes.sent);
  return {
    name: `bytes lost at ${MANY} connections`,
    measured: missing + (said.includes(`${MANY} connections (0 open)`) ? 0 : 1),
    bar: 0,
    want: 'at most',
    unit: 'bytes',
    note: `${exchanges} exchanges`,
  };
}

const STALL_MS = 3000;

/** The file is a pipe that nobody reads: nothing may be read from the sockets, and nothing held. */
async function memory(folder: string): Promise<Bar> {
  const path = join(folder, 'slow.jsonl');
  execFileSync('mkfifo', [`${path}.raw`]);
  const keeper = openSync(`${path}.raw`, constants.O_RDWR | constants.O_NONBLOCK);
  const sink = await start('sink');
  const recorder = await startRecorder(sink.port, 'tcp', path);
  const sockets = await Promise.all(
    Array.from({ length: 50 }, async () => {
      const socket = connect({ host: HOST, port: recorder.port });
      socket.on('error', () => {});
      await once(socket, 'connect');
      return socket;
    }),
  );
  const piece = Buffer.alloc(1024 * 1024, 7);
  for (const socket of sockets) for (let count = 0; count < 20; count++) socket.write(piece);
  await new Promise((resolve) => setTimeout(resolve, STALL_MS));
  const status = readFileSync(`/proc/${recorder.child.pid}/status`, 'utf8');
  const peak = Number(/VmHWM:\s+(\d+) kB/.exec(status)![1]) / 1000;
  recorder.child.kill('SIGKILL');
  for (const socket of sockets) socket.destroy();
  sink.child.kill('SIGTERM');
  closeSync(keeper);
  return {
    name: 'memory while the disk takes nothing and 1 GB waits',
    measured: peak,
    bar: 200,
    want: 'at most',
    unit: 'MB',
  };
}

const [, , role, ...args] = process.argv;
const number = (place: number): number => Number(args[place]);
if (role === 'server') runServer(args[0] as Face);
else if (role === 'sink') runSink();
else if (role === 'relay') runRelay(number(0));
else if (role === 'turns') await runTurns(args[0] as Face, [number(1), number(2)]);
else if (role === 'load') await runLoad(number(0), args[1] as Face, number(2), number(3));
else {
  const folder = mkdtempSync(join(tmpdir(), 'meterproof-bench-'));
  try {
    const bars = [
      await cost('pipe', folder),
      await cost('share', folder),
      await loss(folder),
      await memory(folder),
    ];
    if (!report(bars, (line) => console.log(line))) process.exitCode = 1;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
