import fc from 'fast-check';
import t from 'tap';
import { ByteStream, type GapReason, type Held } from './byte-stream.ts';

function listen(held: Held = { bytes: 0 }) {
  const out: Buffer[] = [];
  const gaps: (readonly [why: GapReason, length: number | undefined, at: number])[] = [];
  let fins = 0;
  const length = (): number => out.reduce((sum, bytes) => sum + bytes.length, 0);
  const stream = new ByteStream(
    {
      data: (bytes) => void out.push(Buffer.from(bytes)),
      gap: (why, missing) => void gaps.push([why, missing, length()]),
      fin: () => void fins++,
    },
    held,
  );
  return { stream, gaps, held, bytes: () => Buffer.concat(out), fins: () => fins };
}

/** Segments of a stream: where each begins, and how long it is. */
const LENGTH = 400;
const segment = fc.tuple(fc.nat(LENGTH - 1), fc.integer({ min: 1, max: 60 }));
const content = Buffer.from(Array.from({ length: LENGTH }, (_, index) => (index * 7) & 0xff));

t.test('shuffled, repeated and overlapping segments are the stream that was sent', (t) => {
  fc.assert(
    fc.property(
      fc.integer({ min: 0, max: 0xffff_ffff }),
      fc.array(segment, { maxLength: 60 }),
      fc.infiniteStream(fc.nat()),
      (start, extra, random) => {
        const whole = Array.from({ length: LENGTH / 20 }, (_, index) => [index * 20, 20] as const);
        const segments = [...whole, ...extra]
          .map((one) => ({ one, key: random.next().value as number }))
          .toSorted((a, b) => a.key - b.key);
        const { stream, bytes, gaps, held, fins } = listen();
        stream.start(start);
        stream.push(start + LENGTH, Buffer.alloc(0), 0, true);
        for (const { one } of segments) {
          const [at, length] = one;
          stream.push(
            (start + at) >>> 0,
            content.subarray(at, Math.min(at + length, LENGTH)),
            0,
            false,
          );
        }
        return (
          bytes().equals(content) &&
          gaps.length === 0 &&
          held.bytes === 0 &&
          !stream.waits &&
          fins() === 1
        );
      },
    ),
    { numRuns: 300 },
  );
  t.pass('also over the end of the sequence numbers');
  t.end();
});

t.test('whatever is missing is a gap of that length, and what came is kept', (t) => {
  fc.assert(
    fc.property(fc.array(segment, { minLength: 1, maxLength: 20 }), (segments) => {
      const { stream, bytes, gaps, held } = listen();
      stream.start(0xffff_ff80);
      const seen = new Set<number>();
      for (const [at, length] of segments) {
        const part = content.subarray(at, Math.min(at + length, LENGTH));
        stream.push((0xffff_ff80 + at) >>> 0, part, 0, false);
        for (let index = at; index < at + part.length; index++) seen.add(index);
      }
      stream.flush();
      const wanted = Buffer.from([...seen].toSorted((a, b) => a - b).map((at) => content[at]!));
      const missing = gaps.reduce((sum, [, length = 0]) => sum + length, 0);
      return (
        bytes().equals(wanted) && missing === Math.max(...seen) + 1 - seen.size && held.bytes === 0
      );
    }),
    { numRuns: 500 },
  );
  t.pass('five hundred streams');
  t.end();
});

t.test('bytes that the snap length cut off are a gap where they were', (t) => {
  const { stream, bytes, gaps } = listen();
  stream.start(1);
  stream.push(11, Buffer.from('second'), 4, false);
  stream.push(1, Buffer.from('first'), 5, false);
  stream.push(21, Buffer.from('third'), 0, true);
  t.equal(bytes().toString(), 'firstsecondthird');
  t.strictSame(gaps, [
    ['snap-length', 5, 5],
    ['snap-length', 4, 11],
  ]);
  t.end();
});

t.test('what the peer has received and nobody captured is lost', (t) => {
  const { stream, gaps, bytes, fins } = listen();
  stream.start(1);
  stream.push(6, Buffer.from('there'), 0, true);
  t.ok(stream.waits);
  t.notOk(stream.isLost, 'it may still come');
  stream.acked(12);
  t.ok(stream.isLost);
  stream.giveUp('not-captured');
  t.strictSame(gaps, [['not-captured', 5, 0]]);
  t.equal(bytes().toString(), 'there');
  t.equal(fins(), 1);
  stream.push(1, Buffer.from('late!'), 0, false);
  t.equal(bytes().toString(), 'there', 'what comes later is old');
  t.end();
});

t.test('one byte more that is acknowledged is the FIN that was not captured', (t) => {
  const { stream } = listen();
  stream.start(1);
  stream.push(1, Buffer.from('all'), 0, false);
  stream.acked(5);
  t.notOk(stream.waits);
  stream.acked(6);
  t.ok(stream.isLost);
  t.end();
});

t.test('a jump of the sequence numbers is a gap, and goes on', (t) => {
  const { stream, gaps, bytes } = listen();
  stream.start(1);
  stream.push(1, Buffer.from('one'), 0, false);
  stream.push(0x6000_0000, Buffer.from('two'), 0, false);
  t.strictSame(gaps, [['sequence-jump', undefined, 3]]);
  t.equal(bytes().toString(), 'onetwo');
  t.end();
});

t.test('a flood of small pieces does not slow it down: it gives up the first hole', (t) => {
  const { stream, gaps, held } = listen();
  stream.start(0);
  for (let at = 1; at <= 20_000; at++) stream.push(2 * at, Buffer.of(1), 0, false);
  t.ok(gaps.length > 0);
  t.equal(gaps[0]![0], 'order-limit');
  stream.drop();
  t.equal(held.bytes, 0);
  t.end();
});
