import { once } from 'node:events';
import type { Socket } from 'node:net';
import t from 'tap';
import { encode, FrameDecoder, type Message } from '../../emulators/metering/codec/index.ts';
import { metering } from '../../emulators/metering/index.ts';
import { parseCapture } from '../capture/capture-file.ts';
import { type Emulated, emulate } from './emulated.fixture.ts';
import { replayAsJudge } from '../replay/judge-capture.ts';
import type { Trace } from '../trace/event.ts';
import type { Redaction } from './raw-format.ts';
import { addressOf, HEADER, record, type Recorded } from './recording.fixture.ts';

const HELLO = {
  type: 'hello',
  client: 'bob-pc',
  user: 'LAB\\bob',
  workstation: 'BOB-PC',
  build: 'client of bob-pc',
  mode: 'online',
} as const;
const USE = { type: 'request-use', program: 'word.exe', originalName: '', version: '8' } as const;
const SECRETS = /bob|LAB/i;

/** Asks over the pipe, a message cut in two, and gives the types of the answers. */
async function ask(socket: Socket, messages: readonly Message[]): Promise<readonly string[]> {
  const decoder = new FrameDecoder('server');
  const types: string[] = [];
  for (const [index, message] of messages.entries()) {
    const bytes = encode(message, index + 1);
    socket.write(bytes.subarray(0, 7));
    await new Promise((resolve) => setImmediate(resolve));
    socket.write(bytes.subarray(7));
    while (types.length <= index) {
      const [piece] = (await once(socket, 'data')) as [Buffer];
      types.push(...decoder.push(piece).map((one) => one.message.type));
    }
  }
  return types;
}

const RECORD = {
  id: 'bob-pc-1',
  client: 'bob-pc',
  user: 'LAB\\bob',
  workstation: 'BOB-PC',
  program: 'bob.exe',
  originalName: '',
  version: '1',
  start: '1999-03-01T08:00:00.000Z',
  stop: '1999-03-01T09:00:00.000Z',
};

async function put(recorded: Recorded): Promise<string> {
  const socket = await recorded.dial(1);
  const body = `${JSON.stringify(RECORD)}\n`;
  socket.write(
    'PUT /LicMtr/Inboxes/Offline/bob-pc-1.log HTTP/1.1\r\nHost: alpha\r\nAuthorization: Basic Ym9iOnNlY3JldA==\r\n' +
      `Content-Length: ${body.length}\r\n\r\n${body.slice(0, 40)}`,
  );
  await new Promise((resolve) => setImmediate(resolve));
  socket.write(body.slice(40));
  const [answer] = (await once(socket, 'data')) as [Buffer];
  socket.destroy();
  await once(socket, 'close');
  return answer.toString().split('\r\n', 1)[0]!;
}

async function session(host: number, redact: readonly Redaction[]): Promise<[Emulated, Recorded]> {
  const server = await emulate('alpha', addressOf(host));
  const upstreams = { pipe: server.ports['pipe']!, share: server.ports['share']! };
  const faces = Object.entries(upstreams).map(([face, port], index) => ({
    ...{ server: 'alpha', face, upstream: { host: server.address, port } },
    ...{ address: addressOf(host + 1), port: 7230 + index },
  }));
  const recorded = await record(host + 1, upstreams, {
    dialect: metering,
    faces,
    redact,
  });
  return [server, recorded];
}

t.test('a recording of both faces says what the server itself has noted', async (t) => {
  const [server, recorded] = await session(40, []);
  const socket = await recorded.dial();
  t.same(await ask(socket, [HELLO, USE]), ['welcome', 'granted']);
  t.equal(await put(recorded), 'HTTP/1.1 201 Created');
  socket.destroy();
  await once(socket, 'close');
  const { text } = await recorded.finish();
  const said = (all: readonly { event: string; fields: object }[]) =>
    all
      .filter(({ event }) => /hello|lease|upload/.test(event))
      .map(({ event, fields }) => `${event} ${JSON.stringify(fields)}`);
  const trace = parseCapture(text, 'memory', metering);
  t.same(said(trace.events), said(server.events()));
  t.match(said(trace.events), [
    /^hello/,
    /^lease-request/,
    /^lease-grant/,
    /^upload-o/,
    /^upload-a/,
  ]);
  t.same([...new Set(trace.events.map(({ from }) => from))], ['bob-pc']);

  // The server's own trace of the same session gets the same verdict, rule by rule.
  const judged = (events: Trace['events']) => {
    const named = events.map((event) => (event.from ? { ...event, from: 'bob-pc' } : event));
    const { judgement } = replayAsJudge({ header: HEADER, events: named }, { file: 'memory' });
    const { verdict, rules } = judgement;
    return [verdict, ...rules.map(({ id, state }) => `${id} ${state}`)];
  };
  t.same(judged(trace.events), judged(server.events()));
  t.ok(judged(trace.events).some((rule) => rule.endsWith(' kept')));
  await server.close();
});

t.test('redacted, it says the same of others, and no name is in its bytes', async (t) => {
  const [server, recorded] = await session(42, ['accounts', 'workstations']);
  const socket = await recorded.dial();
  t.same(await ask(socket, [HELLO, USE]), ['welcome', 'granted']);
  t.equal(await put(recorded), 'HTTP/1.1 201 Created', 'what passes is not redacted');
  socket.destroy();
  await once(socket, 'close');
  const { text, bytes: accounted } = await recorded.finish();
  const trace = parseCapture(text, 'memory', metering);
  const bytes = trace.events
    .map((event) => Buffer.from(event.bytes ?? '', 'base64').toString('latin1'))
    .join('\n');
  // What is metered stays: a program may be called like a person.
  t.notMatch(`${text}${bytes}`.replaceAll('bob.exe', ''), SECRETS);
  t.notMatch(bytes, /Ym9i/, 'nor a password');
  t.match(bytes, /authorization: Basic account-2/);
  const offer = trace.events.find(({ event }) => event === 'upload-offer');
  t.match(offer, {
    fields: { log: 'workstation-3-1.log', record: 'workstation-3-1' },
    usage: [{ program: 'bob.exe' }],
  });
  const clients = trace.events.map(({ from }) => from);
  t.same([...new Set(clients)], ['workstation-3'], 'the same on both faces');
  t.equal(accounted, recorded.recording.counters.bytes, 'nothing is lost');
  await server.close();
});

t.test('what cannot be read is not kept, but its length is', async (t) => {
  const [server, recorded] = await session(44, ['accounts']);
  const socket = await recorded.dial();
  socket.write('USER bob PASS secret and more');
  await once(socket, 'data');
  socket.end();
  await once(socket, 'close');
  const { text, trace } = await recorded.finish();
  const received = trace.events.filter(({ event }) => event === 'received');
  t.match(received, [{ fields: { length: 29 } }]);
  t.equal(received[0]!.bytes, undefined);
  parseCapture(text, 'memory', metering);
  await server.close();
});
