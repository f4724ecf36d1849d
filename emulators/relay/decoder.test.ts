// What the emulator notes and what the decoder makes of the same bytes are the same.
import t from 'tap';
import type { Note } from '../emulator.ts';
import { FakeClient, FakeHost, SETUP } from '../metering/fake-host.fixture.ts';
import { relay } from './index.ts';

const text = ({ event, fields = {} }: Note): string =>
  [event, ...Object.entries(fields).map(([key, value]) => `${key}=${value}`)].join(' ');
const request = (line: string, pool?: string): string =>
  `${line} HTTP/1.1\r\nHost: a\r\n${pool === undefined ? '' : `Relay-Pool: ${pool}\r\n`}\r\n`;

const REQUESTS: readonly (readonly [line: string, pool?: string | undefined, fault?: string])[] = [
  ['GET /v1/health'],
  ['GET /v1/health', undefined, 'busy'],
  ['PUT /v1/nodes/n1', 'word.exe', '503'],
  ['PUT /v1/nodes/n1', 'word.exe'],
  ['PUT /v1/nodes/n1', 'word.exe'],
  ['PUT /v1/nodes/n1', 'word.exe', 'busy'],
  ['PUT /v1/nodes/n2', 'word.exe'],
  ['PUT /v1/nodes/n1', 'excel.exe'],
  ['PUT /v1/nodes/n1', 'word.exe', 'bad-pool'],
  ['DELETE /v1/nodes/n1', 'word.exe', 'busy'],
  ['DELETE /v1/nodes/n1', 'word.exe', 'bad-pool'],
  ['DELETE /v1/nodes/n1', 'word.exe'],
  ['DELETE /v1/nodes/n1', 'word.exe'],
  ['PUT /v1/nodes/n1', 'word.exe', '503'],
  ['PUT /v1/nodes/n1', 'word.exe'],
  ['PUT /v1/nodes/n1', 'word.exe', 'conflict'],
  ['PUT /v1/nodes/n1', 'word.exe', '503'],
  ['PUT /v1/nodes/n3'],
  ['GET /favicon.ico'],
  ['POST /v1/nodes/n3'],
];

for (const size of [1, 7, 100_000])
  t.test(`a session in pieces of ${size} bytes is understood as it was noted`, async (t) => {
    const host = new FakeHost();
    const client = new FakeClient(relay.create(host, SETUP), host, 'pipe');
    const decoder = relay.decoders!()('alpha', 'pipe');
    const pieces = (bytes: Buffer): Buffer[] =>
      Array.from({ length: Math.ceil(bytes.length / size) }, (_, index) =>
        bytes.subarray(index * size, (index + 1) * size),
      );
    for (const [line, pool, fault] of REQUESTS) {
      host.fault = fault === undefined ? undefined : { name: fault, args: {} };
      host.notes.length = 0;
      const asked = Buffer.from(request(line, pool));
      const answered = await client.exchange(asked);
      const seen = [
        ...pieces(asked).flatMap((piece) => decoder.client(piece)),
        ...pieces(answered).flatMap((piece) => decoder.server(piece)),
      ];
      t.same(seen.map(text), host.notes, `${line} ${pool ?? ''} ${fault ?? ''}`);
    }
    t.equal(decoder.identity, 'n1');
    t.equal(decoder.opaque, undefined);
    t.same(decoder.end(), []);
  });

t.test('a node that has lost its lease unawares sends heartbeats, in a capture too', async (t) => {
  const host = new FakeHost();
  const emulator = relay.create(host, SETUP);
  const client = new FakeClient(emulator, host, 'pipe');
  const decoder = relay.decoders!()('alpha', 'pipe');
  const ask = async (line: string) => {
    const asked = Buffer.from(request(line, 'word.exe'));
    host.notes.length = 0;
    const seen = [...decoder.client(asked), ...decoder.server(await client.exchange(asked))];
    t.same(seen.map(text), host.notes);
    return host.notes;
  };
  await ask('PUT /v1/nodes/n1');
  emulator.command?.({ kind: 'restart', state: 'lost' });
  host.fault = { name: 'busy', args: {} };
  t.same(await ask('PUT /v1/nodes/n1'), ['busy retry-after=10']);
  host.fault = undefined;
  t.same((await ask('PUT /v1/nodes/n1')).length, 2, 'a new lease');
});

t.test('an answer that is none of this protocol is malformed, one that is cut is lost', (t) => {
  const decoder = relay.decoders!()('alpha', 'pipe');
  const answer = (head: string, body = ''): string[] => {
    decoder.client(Buffer.from(request('PUT /v1/nodes/n1', 'word.exe')));
    const bytes = `HTTP/1.1 ${head}\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
    return decoder.server(Buffer.from(bytes)).map(text);
  };
  t.same(answer('201 Created', '{'), [
    'lease-request program=word.exe',
    'malformed why=unreadable',
  ]);
  t.same(answer('500 Internal Server Error'), [
    'lease-request program=word.exe',
    'malformed why=status-500',
  ]);
  t.same(answer('302 Found'), ['malformed why=unexpected']);
  decoder.client(Buffer.from(request('PUT /v1/nodes/n1', 'word.exe')));
  t.same(decoder.server(Buffer.from('HTTP/1.1 201 Created\r\nContent-Length: 9\r\n\r\n{')), []);
  t.same(decoder.end().map(text), ['answer-lost why=cut']);
  for (const [line, why] of [
    ['HTTP/9.9 201 Created', 'wrong-version'],
    ['HTTQ/1.1 201 Created', 'bad-http'],
  ] as const) {
    const other = relay.decoders!()('alpha', 'pipe');
    other.client(Buffer.from(request('PUT /v1/nodes/n1', 'word.exe')));
    const notes = `${line}\r\n\r\n`.split('').flatMap((byte) => other.server(Buffer.from(byte)));
    t.same(notes.map(text), [`malformed why=${why}`]);
  }
  t.end();
});
