import fc from 'fast-check';
import t from 'tap';
import { tries } from '../../../harness/run/depth.fixture.ts';
import {
  encode,
  FrameDecoder,
  MAX_LENGTH,
  MESSAGES,
  ProtocolError,
  type Field,
  type Message,
  type MessageDescription,
  type ProtocolFault,
} from './index.ts';

const HELLO: Message = {
  type: 'hello',
  client: 'ws1',
  user: 'user1',
  workstation: 'ws1',
  build: 'test 1',
  mode: 'online',
};

/** By their length: to make one takes longer than to use it. */
const strings = new Map<number, fc.Arbitrary<string>>();

t.test('a frame is what the document says, byte by byte', (t) => {
  t.equal(
    encode({ type: 'release', lease: 'alpha-1' }, 7).toString('hex'),
    ['0000000f', '01', '04', '00000007', '0007', '616c7068612d31'].join(''),
  );
  t.end();
});

t.test('every message comes back as it was sent', (t) => {
  for (const [type, description] of Object.entries<MessageDescription>(MESSAGES))
    fc.assert(
      fc.property(messages(type, description), ids(description), (message, requestId) => {
        const decoded = new FrameDecoder(description.from).push(encode(message, requestId));
        t.matchOnlyStrict(decoded, [{ requestId, message }]);
      }),
      { numRuns: 30 },
    );
  t.end();
});

t.test('a stream of messages is cut alike at every split', (t) => {
  const sent: Message[] = [
    HELLO,
    { type: 'bye' },
    { type: 'live-status', leases: ['alpha-1', 'alpha-2'] },
    { type: 'request-use', program: 'n\u00f6tepad.exe', originalName: '', version: '4.0' },
    { type: 'check-out', program: 'a.exe', originalName: '', version: '', durationMs: 2 ** 40 },
    { type: 'check-in', lease: 'alpha-1' },
    { type: 'request-callback', program: 'a.exe', originalName: 'A.EXE', version: '' },
  ];
  const bytes = Buffer.concat(sent.map((message, index) => encode(message, index + 1)));
  const wanted = sent.map((message, index) => ({ requestId: index + 1, message }));
  for (let split = 0; split <= bytes.length; split++) {
    const decoder = new FrameDecoder('client');
    const got = [...decoder.push(bytes.subarray(0, split)), ...decoder.push(bytes.subarray(split))];
    t.strictSame(got, wanted, `split at ${split}`);
    t.equal(decoder.pendingBytes, 0);
  }
  const decoder = new FrameDecoder('client');
  t.strictSame(
    [...bytes].flatMap((byte) => decoder.push(Buffer.of(byte))),
    wanted,
    'byte by byte',
  );
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: 40 })), (sizes) => {
      const chunked = new FrameDecoder('client');
      const got = [];
      let offset = 0;
      for (const size of [...sizes, bytes.length]) {
        got.push(...chunked.push(bytes.subarray(offset, offset + size)));
        offset = Math.min(offset + size, bytes.length);
      }
      return JSON.stringify(got) === JSON.stringify(wanted);
    }),
  );
  t.end();
});

t.test('what a server sends is cut alike at every split', (t) => {
  const sent: Message[] = [
    { type: 'checked-out', lease: 'alpha-1', durationMs: 2 ** 40 },
    { type: 'checked-in', lease: 'alpha-1' },
    { type: 'callback-registered', durationMs: 1 },
    { type: 'callback', program: 'a.exe', graceMs: 300_000 },
    { type: 'configuration-part', version: 1, part: 1, parts: 2, text: '[LicMtr]\r\n\u00f6' },
    { type: 'configuration-part', version: 1, part: 2, parts: 2, text: '' },
  ];
  const bytes = Buffer.concat(sent.map((message, index) => encode(message, index)));
  const wanted = sent.map((message, index) => ({ requestId: index, message }));
  for (let split = 0; split <= bytes.length; split++) {
    const decoder = new FrameDecoder('server');
    const got = [...decoder.push(bytes.subarray(0, split)), ...decoder.push(bytes.subarray(split))];
    t.strictSame(got, wanted, `split at ${split}`);
  }
  const decoder = new FrameDecoder('server');
  t.strictSame(
    [...bytes].flatMap((byte) => decoder.push(Buffer.of(byte))),
    wanted,
    'byte by byte',
  );
  t.end();
});

t.test('decoded text does not change with the buffer that it came in', (t) => {
  const bytes = encode({ type: 'release', lease: 'alpha-1' }, 1);
  const [decoded] = new FrameDecoder('client').push(bytes);
  bytes.fill(0);
  t.strictSame(decoded?.message, { type: 'release', lease: 'alpha-1' });
  t.end();
});

t.test('what the protocol does not allow is refused with its reason', (t) => {
  const release = (payload: string) => frame(0x04, 1, payload);
  const wrong: [name: string, why: ProtocolFault, bytes: Buffer][] = [
    ['a length below the header', 'bad-length', Buffer.from('00000005', 'hex')],
    ['a length over the limit', 'bad-length', Buffer.from('00010001', 'hex')],
    ['the largest length', 'bad-length', Buffer.from('ffffffff', 'hex')],
    ['version 0', 'bad-version', Buffer.from('0000000600', 'hex')],
    ['version 2', 'bad-version', Buffer.from('0000000602', 'hex')],
    ['an unknown type', 'bad-type', Buffer.from('000000060100', 'hex')],
    ['a type that only a server sends', 'bad-type', Buffer.from('000000060181', 'hex')],
    ['request id 0', 'bad-request-id', frame(0x06, 0, '')],
    ['a string longer than the frame', 'truncated', release('0007616c')],
    ['half a string length', 'truncated', release('00')],
    ['no payload at all', 'truncated', release('')],
    ['an empty string where one is needed', 'bad-string', release('0000')],
    ['a string over its bound', 'bad-string', release(`0041${'61'.repeat(65)}`)],
    ['a cut UTF-8 sequence', 'bad-utf8', release('0001c3')],
    ['an overlong UTF-8 sequence', 'bad-utf8', release('0002c080')],
    ['trailing bytes', 'trailing-bytes', release('00016100')],
    ['a payload where there is none', 'trailing-bytes', frame(0x06, 1, '00')],
    ['a hostile count', 'bad-count', frame(0x03, 1, 'ffff')],
    ['a count over what is there', 'truncated', frame(0x03, 1, '0002000161')],
    ['an unknown choice', 'bad-value', frame(0x01, 1, '00016100000000000007')],
  ];
  for (const [name, why, bytes] of wrong) {
    t.equal(failure('client', [bytes]).why, why, name);
    t.equal(
      failure(
        'client',
        [...bytes].map((byte) => Buffer.of(byte)),
      ).why,
      why,
      `${name}, slowly`,
    );
  }
  const huge = frame(0x81, 1, 'ffffffffffffffff00000001');
  t.equal(failure('server', [huge]).why, 'bad-value', 'a time beyond 2^53');
  t.end();
});

t.test('an error names the request, keeps what came before it, and lasts', (t) => {
  const decoder = new FrameDecoder('client');
  const bytes = Buffer.concat([
    encode(HELLO, 1),
    frame(0x04, 9, '0000'),
    encode({ type: 'bye' }, 10),
  ]);
  const error = catchError(() => decoder.push(bytes));
  t.equal(error.requestId, 9);
  t.strictSame(error.before, [{ requestId: 1, message: HELLO }]);
  t.equal(
    catchError(() => decoder.push(encode({ type: 'bye' }, 11))),
    error,
  );
  t.equal(decoder.pendingBytes, 0, 'and nothing is held any more');
  t.end();
});

t.test('an unfinished frame holds no more than its bytes', (t) => {
  const decoder = new FrameDecoder('client');
  const head = Buffer.alloc(10);
  head.writeUInt32BE(MAX_LENGTH.client);
  head.set([1, 3, 0, 0, 0, 1], 4);
  decoder.push(head);
  t.equal(decoder.pendingBytes, 10);
  decoder.push(Buffer.alloc(1000));
  t.equal(decoder.pendingBytes, 1010);
  t.end();
});

t.test('any bytes at all are messages or a protocol error', (t) => {
  const noise = fc.oneof(
    fc.uint8Array({ maxLength: 200 }),
    fc
      .tuple(fc.integer({ min: 0, max: 9 }), fc.uint8Array({ maxLength: 60 }))
      .map(([type, body]) => frame(type, 1, Buffer.from(body).toString('hex'))),
  );
  fc.assert(
    fc.property(noise, (bytes) => {
      try {
        new FrameDecoder('client').push(bytes);
        return true;
      } catch (error) {
        return error instanceof ProtocolError;
      }
    }),
    { numRuns: tries(2000) },
  );
  t.pass('two thousand times');
  t.end();
});

t.test('a value that the table does not allow is not encoded', (t) => {
  const wrong: [Message, number, RegExp][] = [
    [{ type: 'bye' }, 0, /request id 0/],
    [{ type: 'bye' }, 2 ** 32, /request id/],
    [{ type: 'release', lease: '' }, 1, /lease takes 0 bytes/],
    [{ type: 'release', lease: '\ud800' }, 1, /lease is not well-formed/],
    [{ type: 'live-status', leases: Array(513).fill('a') }, 1, /at most 512/],
    [{ type: 'busy', retryAfterMs: -1 }, 1, /retryAfterMs: -1/],
    [{ type: 'busy', retryAfterMs: 0.5 }, 1, /retryAfterMs/],
    [{ ...HELLO, mode: 'idle' as 'online' }, 1, /mode: idle is no choice/],
    [{ ...HELLO, mode: 'constructor' as 'online' }, 1, /mode: constructor is no choice/],
  ];
  for (const [message, id, error] of wrong) t.throws(() => encode(message, id), { message: error });
  t.end();
});

function frame(type: number, requestId: number, payloadHex: string): Buffer {
  const payload = Buffer.from(payloadHex, 'hex');
  const head = Buffer.alloc(10);
  head.writeUInt32BE(6 + payload.length, 0);
  head.writeUInt8(1, 4);
  head.writeUInt8(type, 5);
  head.writeUInt32BE(requestId, 6);
  return Buffer.concat([head, payload]);
}

function failure(from: 'client' | 'server', chunks: readonly Buffer[]): ProtocolError {
  const decoder = new FrameDecoder(from);
  return catchError(() => chunks.forEach((chunk) => decoder.push(chunk)));
}

function catchError(action: () => unknown): ProtocolError {
  try {
    action();
  } catch (error) {
    if (error instanceof ProtocolError) return error;
    throw error;
  }
  throw new Error('no protocol error');
}

function ids({ from }: MessageDescription): fc.Arbitrary<number> {
  return fc.integer({ min: from === 'client' ? 1 : 0, max: 0xffff_ffff });
}

function messages(type: string, description: MessageDescription): fc.Arbitrary<Message> {
  const values = description.fields.map((field) => [field.name, valueOf(field)] as const);
  return fc
    .record(Object.fromEntries(values))
    .map((fields) => ({ type, ...fields }) as unknown as Message);
}

function valueOf(field: Field): fc.Arbitrary<unknown> {
  switch (field.kind) {
    case 'u32':
      return fc.integer({ min: 0, max: 0xffff_ffff });
    case 'u64':
      return fc.maxSafeNat();
    case 'choice':
      return fc.constantFrom(...Object.keys(field.values));
    case 'string':
      return text(field.minBytes, field.maxBytes);
    case 'text':
      return text(0, field.maxBytes);
    case 'list':
      return fc.array(text(field.minBytes, field.maxBytes), { maxLength: field.maxCount });
  }
}

function text(minBytes: number, maxBytes: number): fc.Arbitrary<string> {
  const maxLength = Math.min(maxBytes, 400);
  const string = strings.get(maxLength) ?? fc.string({ unit: 'binary', maxLength });
  strings.set(maxLength, string);
  return string.filter(
    (value) => Buffer.byteLength(value) >= minBytes && Buffer.byteLength(value) <= maxBytes,
  );
}
