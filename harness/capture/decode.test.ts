import t from 'tap';
import type { Dialect } from '../../emulators/emulator.ts';
import { encode, type Message } from '../../emulators/metering/codec/index.ts';
import { metering } from '../../emulators/metering/index.ts';
import { opaque } from '../../emulators/opaque/index.ts';
import { MILLISECOND } from '../clock/clock.ts';
import type { TraceEvent } from '../trace/event.ts';
import { redecode, SessionTrace, type Decoded } from './decode.ts';

const HELLO: Message = {
  type: 'hello',
  client: 'ws1',
  user: '',
  workstation: '',
  build: '',
  mode: 'online',
};
const WELCOME: Message = { type: 'welcome', serverTimeMs: 1, configurationVersion: 1 };
const ASKED: Message = { type: 'request-use', program: 'a', originalName: '', version: '' };

let order = 0n;
function event(name: string, fields: TraceEvent['fields'] = {}, bytes?: Buffer): TraceEvent {
  return {
    at: ++order * MILLISECOND,
    actor: 'alpha',
    face: 'pipe',
    event: name,
    from: 'ws1',
    conn: 1,
    fields,
    ...(bytes && { bytes: bytes.toString('base64') }),
  };
}
const raw = (name: string, message: Message, id: number): TraceEvent => {
  const bytes = encode(message, id);
  return event(name, { length: bytes.length }, bytes);
};

const TRACE: TraceEvent[] = [
  { at: 0n, actor: 'ws1', event: 'start', fields: { run: 1 } },
  event('connect'),
  raw('received', HELLO, 1),
  event('hello', { mode: 'online' }),
  raw('sent', WELCOME, 1),
  raw('received', ASKED, 2),
  event('lease-request', { program: 'a' }),
  event('lease-grant', { program: 'a', lease: 'alpha-1' }),
  raw('sent', { type: 'granted', lease: 'alpha-1' }, 2),
  { at: order * MILLISECOND, actor: 'alpha', event: 'down', fields: { fault: 'hang' } },
  event('swallowed', { length: 3 }, Buffer.from('abc')),
  event('close', { by: 'client' }),
];
/** Notes are made when the bytes are there: their own times are not known. */
const words = (events: readonly TraceEvent[]): unknown[] =>
  events.map(({ at: _at, ...rest }) => rest);

t.test('what an emulator noted comes out of its bytes again', (t) => {
  t.strictSame(words(redecode(TRACE, metering)), words(TRACE));
  const naked = TRACE.filter(({ event: name }) => !/^(hello|lease-)/.test(name));
  t.strictSame(words(redecode(naked, metering)), words(TRACE));
  t.end();
});

t.test('notes that the bytes do not bear out are gone', (t) => {
  const forged = [...TRACE.slice(0, -1), event('upload-accept', { records: 9 }), TRACE.at(-1)!];
  t.strictSame(words(redecode(forged, metering)), words(TRACE));
  t.end();
});

t.test('behind bytes that the trace has no more, the next message is found', (t) => {
  const poor = TRACE.map((one) => {
    const { bytes: _bytes, ...rest } = one;
    return one.event === 'received' && one.fields['length'] === encode(HELLO, 1).length
      ? rest
      : one;
  });
  const names = redecode(poor, metering).map(({ event: name }) => name);
  t.notOk(names.includes('hello'));
  t.ok(names.includes('lease-grant'));
  t.end();
});

t.test('a dialect without a decoder leaves the trace as it is', (t) => {
  const silent: Dialect = { ...opaque, faces: metering.faces };
  t.strictSame(redecode(TRACE, silent), TRACE);
  t.end();
});

t.test('a request is noted behind its bytes, an answer before them', (t) => {
  const said: string[] = [];
  const decoder = metering.decoders!()('alpha', 'pipe');
  const emit = ({ event: name, raw: bytes }: Decoded): void =>
    void said.push(bytes ? `${name} ${bytes.length}` : name);
  const trace = new SessionTrace({ actor: 'alpha', face: 'pipe', conn: 1 }, decoder, emit);
  trace.connect();
  const asked = Buffer.concat([encode(HELLO, 1), encode(ASKED, 2)]);
  const answered = encode({ type: 'granted', lease: 'x' }, 2);
  trace.received(asked.subarray(0, 33));
  trace.received(asked.subarray(33));
  trace.sent(encode(WELCOME, 1));
  trace.sent(answered.subarray(0, 5));
  trace.sent(answered.subarray(5));
  trace.reset('server');
  t.strictSame(said, [
    'connect',
    'received 33',
    'hello',
    `received ${asked.length - 33}`,
    'lease-request',
    'sent 22',
    'sent 5',
    'lease-grant',
    `sent ${answered.length - 5}`,
    'reset',
  ]);
  t.equal(trace.identity, 'ws1');
  t.end();
});
