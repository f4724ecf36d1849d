import fc from 'fast-check';
import t from 'tap';
import { encode, type Message } from '../../../emulators/metering/codec/index.ts';
import { connection, imported, words, type Captured, type Spoken } from './capture.fixture.ts';

const HELLO: Message = {
  type: 'hello',
  client: 'ws1',
  user: '',
  workstation: '',
  build: '',
  mode: 'offline',
};
const TALK: Spoken[] = [{ by: 'client', bytes: encode(HELLO, 1) }];
const PACKETS = connection(TALK);
const SAID = ['alpha.pipe connect', 'alpha.pipe hello mode=offline', 'alpha.pipe close by=client'];
const [SECTION, INTERFACE, PACKET, SIMPLE, NAMES, ENHANCED] = [0x0a0d0d0a, 1, 2, 3, 4, 6];

interface Shape {
  readonly isBig?: boolean;
  /** Value of if_tsresol. */
  readonly resolution?: number;
  readonly offsetSeconds?: bigint;
}

function block(type: number, body: Buffer, isBig = false): Buffer {
  const padded = Buffer.concat([body, Buffer.alloc((4 - (body.length % 4)) % 4)]);
  const length = 12 + padded.length;
  return Buffer.concat([words([type, length], isBig), padded, words([length], isBig)]);
}

function option(code: number, value: Buffer, isBig = false): Buffer {
  const head = Buffer.alloc(4);
  if (isBig) head.writeUInt32BE(code * 0x1_0000 + value.length);
  else head.writeUInt32LE(value.length * 0x1_0000 + code);
  return Buffer.concat([head, value, Buffer.alloc((4 - (value.length % 4)) % 4)]);
}

function section({ isBig = false, resolution, offsetSeconds }: Shape = {}): Buffer {
  const offset = Buffer.alloc(8);
  if (isBig) offset.writeBigInt64BE(offsetSeconds ?? 0n);
  else offset.writeBigInt64LE(offsetSeconds ?? 0n);
  return Buffer.concat([
    block(
      SECTION,
      words([0x1a2b3c4d, isBig ? 0x1_0000 : 1, 0xffff_ffff, 0xffff_ffff], isBig),
      isBig,
    ),
    block(
      INTERFACE,
      Buffer.concat([
        words([isBig ? 101 * 0x1_0000 : 101, 0], isBig),
        option(2, Buffer.from('eth0'), isBig),
        ...(resolution === undefined ? [] : [option(9, Buffer.of(resolution), isBig)]),
        ...(offsetSeconds === undefined ? [] : [option(14, offset, isBig)]),
        words([0], isBig),
      ]),
      isBig,
    ),
  ]);
}

function enhanced(
  { atUs, frame }: Captured,
  { isBig = false, resolution = 6, offsetSeconds = 0n }: Shape = {},
): Buffer {
  const perSecond = resolution & 0x80 ? 2n ** BigInt(resolution & 0x7f) : 10n ** BigInt(resolution);
  const ticks = (BigInt(atUs) * perSecond) / 1_000_000n - offsetSeconds * perSecond;
  const [high, low] = [Number(ticks >> 32n), Number(ticks & 0xffff_ffffn)];
  const head = words([0, high, low, frame.length, frame.length], isBig);
  const padding = Buffer.alloc((4 - (frame.length % 4)) % 4);
  const comment = option(1, Buffer.from('a comment'), isBig);
  return block(ENHANCED, Buffer.concat([head, frame, padding, comment, words([0], isBig)]), isBig);
}

const file = (packets: readonly Captured[], shape: Shape = {}): Buffer =>
  Buffer.concat([section(shape), ...packets.map((packet) => enhanced(packet, shape))]);

t.test('both byte orders, and times in tens, in powers of two and with an offset', async (t) => {
  const shapes: Shape[] = [
    {},
    { isBig: true },
    { resolution: 9 },
    { resolution: 3 },
    { resolution: 0x80 + 20, isBig: true },
    { resolution: 12 },
    { offsetSeconds: 1n },
    { offsetSeconds: -5n, isBig: true },
  ];
  for (const shape of shapes) {
    const read = await imported(file(PACKETS, shape));
    t.strictSame(read.lines, SAID);
    t.strictSame(read.texts, []);
    t.match(read.trace.header.epoch, /^1970-01-01T00:00:01\.00[01]Z/);
  }
});

t.test('several sections, in different byte orders, are one capture', async (t) => {
  const two = Buffer.concat([
    file(PACKETS.slice(0, 3)),
    file(PACKETS.slice(3), { isBig: true, resolution: 9 }),
  ]);
  t.strictSame((await imported(two)).lines, SAID);
});

t.test('the names of the capture are the names of servers and clients', async (t) => {
  const record = (address: number[], name: string): Buffer =>
    option(1, Buffer.concat([Buffer.from(address), Buffer.from(`${name}\0`)]));
  const names = block(
    NAMES,
    Buffer.concat([record([10, 0, 0, 1], 'depot'), record([10, 0, 0, 9], 'desk-7'), words([0])]),
  );
  const silent = connection([]);
  const read = await imported(Buffer.concat([file(silent), names]));
  t.strictSame(read.lines, ['depot.pipe connect', 'depot.pipe close by=client']);
  t.strictSame(read.clients, ['desk-7']);
  const known = await imported(Buffer.concat([file(PACKETS), names]));
  t.strictSame(known.clients, ['ws1'], 'what the client says itself comes first');
});

t.test('simple and obsolete packet blocks', async (t) => {
  const simple = PACKETS.map(({ frame }) =>
    block(SIMPLE, Buffer.concat([words([frame.length]), frame])),
  );
  const read = await imported(Buffer.concat([section(), ...simple]));
  t.strictSame(read.lines, SAID);
  t.match(read.texts, [/a packet without a time/]);
  const old = PACKETS.map(({ atUs, frame }) =>
    block(PACKET, Buffer.concat([words([0, 0, atUs, frame.length, frame.length]), frame])),
  );
  t.strictSame((await imported(Buffer.concat([section(), ...old]))).lines, SAID);
});

t.test('a block that lies is skipped, with its offset, and the rest is used', async (t) => {
  const blocks = PACKETS.map((packet) => enhanced(packet));
  const at = section().length + blocks[0]!.length;
  const lies: readonly (readonly [length: number, message: string])[] = [
    [0xffff_ffff, 'a block of 4294967295 bytes, which no block can have'],
    [0xffff_fffc, 'a block of 4294967292 bytes, more than any capture has'],
    [8, 'a block of 8 bytes, which no block can have'],
    [blocks[1]!.length + 4, `a block says that it has ${blocks[1]!.length + 4} bytes`],
  ];
  for (const [length, message] of lies) {
    const lying = Buffer.from(blocks[1]!);
    lying.writeUInt32LE(length, 4);
    const read = await imported(Buffer.concat([section(), blocks[0]!, lying, ...blocks.slice(2)]));
    t.match(read.texts[0], new RegExp(`^${at + 4}: ${message}`));
    t.ok(read.lines.includes('alpha.pipe hello mode=offline'), message);
  }
});

t.test('a packet block that lies about its packet, and one of no interface', async (t) => {
  const blocks = PACKETS.map((packet) => enhanced(packet));
  blocks[0]!.writeUInt32LE(0xffff_ffff, 20);
  blocks[1]!.writeUInt32LE(7, 8);
  const read = await imported(Buffer.concat([section(), ...blocks]));
  t.match(read.texts, [/a packet of 4294967295 bytes in a block that has room for/, /interface 7/]);
  t.strictSame(read.lines, SAID, 'the client goes on as if there had been an answer');
});

t.test('a file that ends within a block', async (t) => {
  const whole = file(PACKETS);
  const read = await imported(whole.subarray(0, whole.length - 3));
  t.strictSame(read.lines, SAID);
  t.match(read.texts, [/: the file ends within a block: \d+ of \d+ bytes are there/]);
});

t.test('a byte order that is none', async (t) => {
  const bad = file(PACKETS);
  bad.writeUInt32LE(0x12345678, 8);
  const read = await imported(bad);
  t.match(read.texts, [/^8: a section with the byte order 78563412, which is none: skipped/]);
  t.strictSame(read.lines, SAID, 'its blocks can be read all the same');
});

t.test('random damage never breaks the import, nor makes it hang', async (t) => {
  const good = file(PACKETS, { isBig: true });
  const damage = fc.array(fc.tuple(fc.nat(good.length - 1), fc.nat(255)), {
    minLength: 1,
    maxLength: 40,
  });
  await fc.assert(
    fc.asyncProperty(damage, fc.nat(good.length), fc.boolean(), async (bytes, end, isNoise) => {
      const damaged = Buffer.from(good.subarray(0, Math.max(end, 40)));
      for (const [at, value] of bytes) if (at < damaged.length && at >= 12) damaged[at] = value;
      const noise = Buffer.from(bytes.flatMap(([at, value]) => [value, at & 0xff]));
      try {
        await imported(isNoise ? Buffer.concat([good.subarray(0, 28), noise, good]) : damaged);
      } catch (error) {
        if ((error as Error).name !== 'CaptureError') throw error;
      }
    }),
    { numRuns: 200 },
  );
  t.pass('two hundred files');
});
