import t from 'tap';
import { encode, FrameDecoder, type Message } from '../../emulators/metering/codec/index.ts';
import {
  EPOCH_MS,
  FakeClient,
  FakeHost,
  HELLO,
  requestUse,
} from '../../emulators/metering/fake-host.fixture.ts';
import { metering } from '../../emulators/metering/index.ts';
import { MILLISECOND, SECOND, type Nanos } from '../clock/clock.ts';
import type { TraceEvent, TraceHeader } from '../trace/event.ts';
import { RecordedServer, type Repeated } from './recorded-server.ts';
import { recordingOf } from './recording.ts';

const WELCOME: Message = { type: 'welcome', serverTimeMs: EPOCH_MS, configurationVersion: 1 };
const WORD = requestUse('word.exe');
const DENIED: Message = { type: 'denied', why: 'no-seat' };
const grant = (lease: string): Message => ({ type: 'granted', lease });

const HEADER: TraceHeader = {
  meterproof: 1,
  case: 'a/b',
  client: 'x',
  time: 'virtual',
  seed: 1,
  epoch: new Date(EPOCH_MS).toISOString(),
  observer: 'virtual',
};

/** A connection on which these things happened, in the order in which they are written. */
class Session {
  readonly events: TraceEvent[] = [];
  #conn = 0;
  #at: Nanos = 0n;

  add(event: string, fields: TraceEvent['fields'] = {}, bytes?: Buffer): this {
    const place = { actor: 'alpha', face: 'pipe', from: 'ws1', conn: this.#conn };
    const text = bytes && { bytes: bytes.toString('base64') };
    this.events.push({ at: this.#at, ...place, event, fields, ...text });
    return this;
  }

  connect(): this {
    this.#conn++;
    return this.add('connect');
  }

  asked(message: Message, id: number): this {
    return this.add('received', {}, encode(message, id));
  }

  said(message: Message, id: number): this {
    return this.add('sent', {}, encode(message, id));
  }

  server(event: string, fields: TraceEvent['fields']): this {
    this.events.push({ at: this.#at, actor: 'alpha', event, fields });
    return this;
  }

  later(by: Nanos): this {
    this.#at += by;
    return this;
  }
}

function stage({ events }: Session, own: readonly TraceEvent[] = []) {
  const host = new FakeHost();
  const repeated: Repeated[] = [];
  const server = new RecordedServer(host, {
    recording: recordingOf({ header: HEADER, events }, metering.exchanges!, metering.faces),
    exchanges: metering.exchanges!,
    faces: metering.faces,
    recordedEpochMs: EPOCH_MS,
    ownDeeds: own,
    repeated: (request) => void repeated.push(request),
  });
  const decoder = new FrameDecoder('server');
  const connect = () => new FakeClient(server, host, 'pipe');
  const answers = (bytes: Buffer) =>
    decoder.push(bytes).map(({ requestId, message }) => ({ requestId, ...message }));
  return { host, repeated, server, connect, answers };
}

const START = () => new Session().connect().asked(HELLO, 1).said(WELCOME, 1);

t.test(
  'the same request is answered in the order that was recorded, then as the last time',
  async (t) => {
    const recorded = START()
      .asked(WORD, 2)
      .add('lease-grant', { program: 'word.exe', lease: 'alpha-1' })
      .said(grant('alpha-1'), 2)
      .asked(WORD, 3)
      .said(DENIED, 3);
    const { host, repeated, connect, answers } = stage(recorded);
    const client = connect();
    answers(await client.exchange(encode(HELLO, 40)));
    for (const [id, answer] of [
      [41, 'granted'],
      [42, 'denied'],
      [43, 'denied'],
    ] as const)
      t.match(answers(await client.exchange(encode(WORD, id))), [{ requestId: id, type: answer }]);
    t.strictSame(host.notes, ['lease-grant program=word.exe lease=alpha-1']);
    t.match(repeated, [{ server: 'alpha', face: 'pipe', meaning: 'request-use word.exe' }]);
    t.equal(
      repeated[0]?.line,
      recorded.events.findLastIndex(({ event }) => event === 'received') + 2,
    );
  },
);

t.test('what is answered depends on the fault that is on, not on the order alone', async (t) => {
  const busy: Message = { type: 'busy', retryAfterMs: 1000 };
  const recorded = START()
    .server('down', { fault: 'busy' })
    .asked(WORD, 2)
    .said(busy, 2)
    .server('up', { fault: 'busy' })
    .asked(WORD, 3)
    .said(grant('alpha-1'), 3);
  const { host, connect, answers } = stage(recorded);
  const client = connect();
  answers(await client.exchange(encode(HELLO, 1)));
  t.match(answers(await client.exchange(encode(WORD, 2))), [{ type: 'granted' }]);
  host.fault = { name: 'busy', args: {} };
  t.match(answers(await client.exchange(encode(WORD, 3))), [{ type: 'busy' }]);
  t.match(answers(await client.exchange(encode(WORD, 4))), [{ type: 'busy' }]);
});

t.test('answers take as long as they took, and pushes come as late as they came', async (t) => {
  const pushed: Message = { type: 'callback', program: 'word.exe', graceMs: 5 };
  const recorded = START()
    .asked(WORD, 2)
    .later(300n * MILLISECOND)
    .said(DENIED, 2)
    .later(9n * SECOND)
    .said(pushed, 0);
  const { host, connect, answers } = stage(recorded);
  const client = connect();
  answers(await client.exchange(encode(HELLO, 1)));
  t.strictSame(answers(await client.exchange(encode(WORD, 2))), []);
  host.advance(300);
  t.match(answers(await client.settle()), [{ type: 'denied' }]);
  host.advance(9000);
  t.match(answers(await client.settle()), [{ requestId: 0, type: 'callback' }]);
});

t.test('a connection ends as it ended, unless the client goes on', async (t) => {
  const recorded = START()
    .asked(WORD, 2)
    .said(DENIED, 2)
    .later(SECOND)
    .add('close', { by: 'server' });
  const { host, connect } = stage(recorded);
  const [calm, eager] = [connect(), connect()];
  for (const client of [calm, eager]) {
    await client.exchange(encode(HELLO, 1));
    await client.exchange(encode(WORD, 2));
  }
  await eager.exchange(encode(HELLO, 3));
  host.advance(1000);
  await calm.settle();
  await eager.settle();
  t.strictSame([calm.ended, eager.ended], [true, false]);
});

t.test('a request that was never recorded, or is none, is told and reset', async (t) => {
  for (const bytes of [encode(requestUse('other.exe'), 2), Buffer.from('GET / HTTP/1.1\r\n\r\n')]) {
    const { host, connect } = stage(START());
    const client = connect();
    await client.exchange(encode(HELLO, 1));
    await client.exchange(bytes);
    t.match(host.raw, [{ event: 'gap', fields: { of: 'server', why: 'not-recorded' } }]);
    t.ok(client.serverStream.destroyed);
  }
});

t.test('a cut answer stays cut; the server does by itself what it did', async (t) => {
  const half = encode(grant('alpha-1'), 2).subarray(0, 7);
  const recorded = START()
    .asked(WORD, 2)
    .add('sent', {}, half)
    .add('answer-lost', { sent: 7 })
    .add('reset', { by: 'server' });
  const reclaim: TraceEvent = {
    at: 5n * SECOND,
    actor: 'alpha',
    face: 'pipe',
    event: 'lease-reclaim',
    from: 'ws1',
    fields: { lease: 'alpha-1' },
  };
  const { host, server, connect } = stage(recorded, [reclaim]);
  const client = connect();
  await client.exchange(encode(HELLO, 1));
  client.stream.on('error', () => {});
  t.strictSame(await client.exchange(encode(WORD, 9)), half);
  t.ok(client.serverStream.destroyed);
  t.strictSame(host.notes, ['answer-lost sent=7']);
  host.advance(5000);
  t.match(host.notes, ['answer-lost sent=7', 'lease-reclaim lease=alpha-1 from=ws1']);
  server.close();
});
