// The decoder says of the bytes what the emulator said while they were made.
import fc from 'fast-check';
import t from 'tap';
import type { Note, SessionDecoder } from '../../emulator.ts';
import { encode, type Message } from '../codec/index.ts';
import { FakeClient, FakeHost, HELLO, requestUse, SETUP } from '../fake-host.fixture.ts';
import { metering } from '../index.ts';
import { meteringDecoders } from './index.ts';

const RECORD = {
  id: 'r1',
  client: 'ws1',
  user: 'user1',
  workstation: 'WS1',
  program: 'word.exe',
  originalName: '',
  version: '',
  start: '1999-03-01T08:00:00.000Z',
  stop: '1999-03-01T09:00:00.000Z',
};
const LOG = `${JSON.stringify(RECORD)}\n`;

/** One turn of a conversation: what the client sent, and what came back. */
interface Turn {
  readonly asked: Buffer;
  readonly answered: Buffer;
}

async function talk(
  face: string,
  requests: readonly Buffer[],
  prepare: (host: FakeHost, turn: number) => void = () => {},
): Promise<{ turns: Turn[]; said: readonly Note[] }> {
  const host = new FakeHost();
  const client = new FakeClient(metering.create(host, SETUP), host, face);
  const turns: Turn[] = [];
  for (const [index, asked] of requests.entries()) {
    prepare(host, index);
    turns.push({ asked, answered: await client.exchange(asked) });
  }
  return { turns, said: host.raw };
}

function understand(
  decoder: SessionDecoder,
  turns: readonly Turn[],
  cut: (bytes: Buffer) => readonly Buffer[] = (bytes) => [bytes],
): readonly Note[] {
  const notes = turns.flatMap(({ asked, answered }) => [
    ...cut(asked).flatMap((piece) => [...decoder.client(piece)]),
    ...cut(answered).flatMap((piece) => [...decoder.server(piece)]),
  ]);
  return [...notes, ...decoder.end()];
}

const bytewise = (bytes: Buffer): Buffer[] => [...bytes].map((byte) => Buffer.of(byte));
const frames = (...messages: Message[]): Buffer[] =>
  messages.map((message, index) => encode(message, index + 1));
const http = (text: string): Buffer => Buffer.from(text.replaceAll('\n', '\r\n'));
const put = (log: string, body = LOG): Buffer =>
  Buffer.concat([
    http(
      `PUT /LicMtr/Inboxes/Offline/${log} HTTP/1.1\nhost: a\ncontent-length: ${body.length}\n\n`,
    ),
    Buffer.from(body),
  ]);
const get = (path: string): Buffer => http(`GET ${path} HTTP/1.1\nhost: a\n\n`);

const PIPE_SESSIONS: Record<string, { requests: Buffer[]; fault?: [turn: number, name: string] }> =
  {
    'a whole session': {
      requests: frames(
        HELLO,
        requestUse('word.exe'),
        { type: 'live-status', leases: ['alpha-1'] },
        { type: 'release', lease: 'alpha-1' },
        { type: 'release', lease: 'alpha-9' },
        { type: 'get-configuration' },
        { type: 'bye' },
      ),
    },
    denials: { requests: frames(HELLO, requestUse('game.exe'), requestUse('payroll.exe')) },
    busy: { requests: frames(HELLO, requestUse('a.exe')), fault: [1, 'busy'] },
    'a refused login': { requests: frames(HELLO), fault: [0, 'login-refused'] },
    'check-out, check-in': {
      requests: frames(
        HELLO,
        { type: 'check-out', program: 'word.exe', originalName: '', version: '', durationMs: 9000 },
        { type: 'check-in', lease: 'alpha-1' },
      ),
    },
    'a callback': {
      requests: frames(
        HELLO,
        { type: 'request-callback', program: 'word.exe', originalName: '', version: '' },
        { type: 'request-callback', program: 'game.exe', originalName: '', version: '' },
      ),
    },
    'no hello': { requests: frames(requestUse('a.exe')) },
    'a second hello': { requests: frames(HELLO, HELLO) },
    'a wrong version': { requests: [encode(HELLO, 1), Buffer.from('00000006020300000002', 'hex')] },
    'nothing but a wrong type': { requests: [Buffer.from('00000006017000000002', 'hex')] },
  };

for (const [name, { requests, fault }] of Object.entries(PIPE_SESSIONS))
  t.test(`pipe: ${name}`, async (t) => {
    const { turns, said } = await talk('pipe', requests, (host, turn) => {
      host.fault = fault?.[0] === turn ? { name: fault[1], args: {} } : undefined;
    });
    t.not(said.length, 0);
    const decoder = meteringDecoders()('alpha', 'pipe');
    t.strictSame(understand(decoder, turns), said);
    t.equal(decoder.opaque, undefined);
    if (name === 'a whole session') t.equal(decoder.identity, 'ws1');
    t.strictSame(
      understand(meteringDecoders()('alpha', 'pipe'), turns, bytewise),
      said,
      'bytewise',
    );
  });

const FAULT_ARGUMENTS: Record<string, Record<string, string>> = {
  '503': { 'retry-after': '2m' },
  '429': { 'retry-after': '2m', as: 'date' },
  nack: { records: 'all', as: 'later' },
};
const SHARE_SESSIONS: Record<string, { requests: Buffer[]; fault?: string }> = {
  'probe, upload, configuration': {
    requests: [get('/LicMtr/dbup.ini'), put('a.log'), put('a.log'), get('/LicMtr/LICMTR.CFG')],
  },
  'a name with other content, a bad name, a bad log': {
    requests: [put('a.log'), put('a.log', LOG.replace('r1', 'r2')), put('..a'), put('b.log', '{}')],
  },
  'an upload in chunks': {
    requests: [
      http(
        `PUT /LicMtr/Inboxes/Offline/c.log HTTP/1.1\nhost: a\ntransfer-encoding: chunked\n\n` +
          `5;x=y\n${LOG.slice(0, 5)}\n${(LOG.length - 6).toString(16)}\n${LOG.slice(5, -1)}\n0\n\n`,
      ),
    ],
  },
  'a log that is too large': { requests: [put('d.log', ' '.repeat(1024 * 1024 + 1))] },
  'wrong path, wrong method': { requests: [get('/'), get('/LicMtr/Inboxes/Offline/x')] },
  'a part of a log': { requests: [put('a.log')], fault: 'nack' },
  'too many requests': { requests: [get('/LicMtr/dbup.ini')], fault: '429' },
  unavailable: { requests: [get('/LicMtr/dbup.ini'), put('a.log')], fault: '503' },
  'a refused login': { requests: [get('/LicMtr/dbup.ini'), put('a.log')], fault: 'login-refused' },
  'no HTTP behind good HTTP': {
    requests: [get('/LicMtr/dbup.ini'), Buffer.from('\u0001\u0002\r\n')],
  },
};

for (const [name, { requests, fault }] of Object.entries(SHARE_SESSIONS))
  t.test(`share: ${name}`, async (t) => {
    const { turns, said } = await talk('share', requests, (host) => {
      if (fault) host.fault = { name: fault, args: FAULT_ARGUMENTS[fault] ?? {} };
    });
    t.not(said.length, 0);
    const decoder = meteringDecoders()('alpha', 'share');
    t.strictSame(understand(decoder, turns), said);
    if (name.startsWith('probe,')) t.equal(decoder.identity, 'ws1');
    if (turns.every(({ asked }) => asked.length < 10_000))
      t.strictSame(understand(meteringDecoders()('a', 'share'), turns, bytewise), said, 'bytewise');
  });

t.test('an answer that is cut, or garbled, is lost', async (t) => {
  for (const face of ['pipe', 'share']) {
    const requests = face === 'pipe' ? frames(HELLO) : [get('/LicMtr/dbup.ini')];
    const { turns } = await talk(face, requests);
    const { asked, answered } = turns[0]!;
    const cut = understand(meteringDecoders()('a', face), [
      { asked, answered: answered.subarray(0, answered.length - 1) },
    ]);
    t.match(cut.at(-1), { event: 'answer-lost', fields: { why: 'cut' } }, face);
    const garbled = understand(meteringDecoders()('a', face), [
      { asked, answered: Buffer.from('garbage!garbage!\r\n') },
    ]);
    const why = face === 'pipe' ? 'wrong-length' : 'bad-http';
    t.match(garbled.at(-1), { event: 'malformed', fields: { why } });
  }
});

t.test('from the middle, what follows is used from the next whole message on', async (t) => {
  for (const face of ['pipe', 'share']) {
    const requests =
      face === 'pipe'
        ? frames(HELLO, requestUse('a.exe'), { type: 'get-configuration' })
        : [get('/LicMtr/dbup.ini'), put('a.log'), get('/LicMtr/LICMTR.CFG')];
    const { turns } = await talk(face, requests);
    const decoder = meteringDecoders()('a', face);
    decoder.gap('client');
    decoder.gap('server');
    const [first, ...rest] = turns;
    const notes = understand(decoder, [
      { asked: first!.asked.subarray(7), answered: first!.answered.subarray(11) },
      ...rest,
    ]);
    const events = notes.map(({ event }) => event);
    const wanted =
      face === 'pipe'
        ? ['lease-request', 'lease-grant', 'configuration']
        : ['upload-offer', 'upload-accept', 'configuration'];
    t.strictSame(events, wanted, face);
    t.equal(decoder.opaque, undefined);
  }
});

t.test('another protocol is said to be one', (t) => {
  const tls = Buffer.from('16030100c8010000c40303', 'hex');
  const ssh = Buffer.from('SSH-2.0-OpenSSH_9.2\r\n');
  for (const face of ['pipe', 'share']) {
    const ciphered = meteringDecoders()('a', face);
    t.strictSame(ciphered.client(tls), []);
    t.equal(ciphered.opaque, 'tls');
    const other = meteringDecoders()('a', face);
    t.strictSame([...other.server(ssh), ...other.client(ssh), ...other.server(ssh)], []);
    t.match(other.opaque, face === 'pipe' ? 'no-pipe-message' : 'no-http');
    const silent = meteringDecoders()('a', face);
    t.strictSame([...silent.client(ssh), ...silent.end()], []);
    t.match(silent.opaque, /^no-/);
  }
  t.end();
});

t.test('any bytes at all, in any order, are understood or not, and nothing breaks', (t) => {
  const good = [encode(HELLO, 1), encode(requestUse('a'), 2), get('/x'), put('l')];
  const answers = [
    encode({ type: 'granted', lease: 'a' }, 2),
    http('HTTP/1.1 200 OK\ncontent-length: 0\n\n'),
    http('HTTP/1.1 200 OK\ntransfer-encoding: chunked\n\n4\nabcd\n'),
  ];
  const piece = fc.oneof(
    fc.uint8Array({ maxLength: 80 }).map((bytes) => Buffer.from(bytes)),
    fc.constantFrom(...good, ...answers),
  );
  const step = fc.tuple(fc.constantFrom('client', 'server', 'gap-client', 'gap-server'), piece);
  fc.assert(
    fc.property(fc.constantFrom('pipe', 'share'), fc.array(step), (face, steps) => {
      const decoder = meteringDecoders()('a', face);
      for (const [what, bytes] of steps)
        if (what === 'client' || what === 'server') decoder[what](bytes);
        else decoder.gap(what === 'gap-client' ? 'client' : 'server');
      decoder.end();
    }),
    { numRuns: 500 },
  );
  t.pass('five hundred conversations');
  t.end();
});
