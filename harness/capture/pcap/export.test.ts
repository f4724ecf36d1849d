import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { long } from '../../run/depth.fixture.ts';
import { encode, type Message } from '../../../emulators/metering/codec/index.ts';
import { metering } from '../../../emulators/metering/index.ts';
import { DISSECTOR_FILE } from '../../../scripts/dissector.ts';
import { MILLISECOND, SECOND } from '../../clock/clock.ts';
import type { Trace, TraceEvent } from '../../trace/event.ts';
import { redecode } from '../decode.ts';
import { imported } from './capture.fixture.ts';
import { exportTrace } from './export.ts';
import { tshark, WITHOUT_TSHARK } from './tshark.fixture.ts';

const HELLO: Message = {
  type: 'hello',
  client: 'ws1',
  user: 'u',
  workstation: 'w',
  build: 'b',
  mode: 'online',
};
const WELCOME: Message = { type: 'welcome', serverTimeMs: 1, configurationVersion: 1 };
const PROBE = Buffer.from('GET /LicMtr/dbup.ini HTTP/1.1\r\nhost: a\r\n\r\n');
const PRESENT = Buffer.from(
  'HTTP/1.1 200 OK\r\ncontent-length: 100000\r\n\r\n'.padEnd(100_043, 'x'),
);

let clock = 0n;
const at = (): bigint => (clock += 3n * MILLISECOND);
const pipe = { actor: 'alpha', face: 'pipe', from: 'ws1' };
const share = { actor: 'bravo', face: 'share', from: 'ws2' };
const raw = (
  place: typeof pipe,
  conn: number,
  event: 'received' | 'sent',
  bytes: Buffer,
): TraceEvent => ({
  at: at(),
  ...place,
  event,
  conn,
  fields: { length: bytes.length },
  bytes: bytes.toString('base64'),
});
const is = (
  place: typeof pipe,
  event: string,
  conn?: number,
  fields: TraceEvent['fields'] = {},
): TraceEvent => ({
  at: at(),
  ...place,
  event,
  ...(conn !== undefined && { conn }),
  fields,
});

const EVENTS: TraceEvent[] = [
  { at: 0n, actor: 'ws1', event: 'start', fields: { run: 1 } },
  is(pipe, 'connect', 1),
  raw(pipe, 1, 'received', encode(HELLO, 1)),
  is(pipe, 'hello', 1, { mode: 'online' }),
  raw(pipe, 1, 'sent', encode(WELCOME, 1)),
  { at: at(), actor: 'alpha', event: 'down', fields: { fault: 'refuse' } },
  is(pipe, 'reset', 1, { by: 'server' }),
  is(pipe, 'refused'),
  is(pipe, 'unanswered'),
  { at: (clock += 2n * SECOND), actor: 'alpha', event: 'up', fields: { fault: 'refuse' } },
  is(share, 'connect', 2),
  raw(share, 2, 'received', PROBE),
  is(share, 'probe', 2, { status: 200 }),
  raw(share, 2, 'sent', PRESENT),
  is(share, 'close', 2, { by: 'client' }),
  { at: 100n * SECOND, actor: 'harness', event: 'drained', fields: {} },
];
const TRACE: Trace = {
  header: {
    meterproof: 1,
    case: 'offline/example',
    client: 'reference',
    time: 'virtual',
    seed: 1,
    epoch: '2024-02-01T00:00:00.000Z',
    observer: 'virtual',
  },
  events: EVENTS,
};
const blocks: Buffer[] = [];
const source = { header: TRACE.header, events: () => TRACE.events };
for await (const block of exportTrace(source, metering)) blocks.push(block);
const CAPTURE = Buffer.concat(blocks);

t.test('what is exported is imported again', async (t) => {
  const read = await imported(CAPTURE);
  const wanted = redecode(EVENTS, metering).filter(({ face }) => face !== undefined);
  const shown = ({ actor, face, event, from, conn, fields, bytes }: TraceEvent): unknown[] =>
    ['received', 'sent'].includes(event)
      ? [actor, face, event, from, conn, Buffer.from(bytes ?? '', 'base64').length > 0]
      : [actor, face, event, from, conn, fields];
  const got = read.trace.events.filter(({ event }) => event !== 'sent').map(shown);
  t.strictSame(got, wanted.filter(({ event }) => event !== 'sent').map(shown));
  t.equal(
    read.bytes('sent').compare(Buffer.concat([encode(WELCOME, 1), PRESENT])),
    0,
    'in several packets',
  );
  t.equal(read.bytes('received').compare(Buffer.concat([encode(HELLO, 1), PROBE])), 0);
  t.strictSame(read.texts, []);
  t.equal(
    read.trace.header.epoch,
    '2024-02-01T00:00:00.003Z',
    'the first packet begins the capture',
  );
});

long('tshark finds nothing wrong, and decodes every message', { skip: WITHOUT_TSHARK }, (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'meterproof-'));
  t.teardown(() => rmSync(folder, { recursive: true, force: true }));
  const file = join(folder, 'a.pcapng');
  writeFileSync(file, CAPTURE);
  const check = ['-o', 'ip.check_checksum:TRUE', '-o', 'tcp.check_checksum:TRUE'];
  const lua = ['-X', `lua_script:${DISSECTOR_FILE}`];
  const filter =
    'ip.checksum.status==0 || tcp.checksum.status==0 || _ws.malformed || tcp.analysis.flags';
  const wrong = tshark(file, [...check, ...lua, '-Y', filter]);
  t.strictSame(wrong, [], 'no wrong checksum, no broken message, no odd sequence number');
  t.match(
    tshark(file, [
      ...lua,
      '-T',
      'fields',
      '-e',
      'meterproof.type',
      '-e',
      'meterproof.hello.client',
      '-Y',
      'meterproof',
    ]),
    [/^0x01\tws1$/, /^0x81\t$/],
  );
  t.equal(tshark(file, [...lua, '-Y', 'http.request.uri == "/LicMtr/dbup.ini"']).length, 1);
  t.match(tshark(file, ['-T', 'fields', '-e', 'frame.comment', '-Y', 'frame.number == 1']), [
    /ws1 {2}start {2}run=1/,
  ]);
  t.match(tshark(file, ['-N', 'n', '-Y', 'frame.number == 1']), [/ws1 → alpha/]);
  t.end();
});
