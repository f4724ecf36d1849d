import t from 'tap';
import { MILLISECOND, SECOND } from '../../clock/clock.ts';
import type { Outgoing } from './fault.ts';
import { WIRE_FAULTS } from './index.ts';

const ZEROS = Buffer.alloc(128);

function sending(name: string, args: Record<string, string>, seed = 1) {
  const connection = WIRE_FAULTS[name]!(args).connection!(seed);
  return (bytes: Buffer): readonly Outgoing[] => connection.sending!(bytes);
}

const flipped = (pieces: readonly Outgoing[]): number[][] =>
  [...Buffer.concat(pieces.map(({ bytes }) => bytes))].flatMap((byte, index) =>
    byte === 0 ? [] : [[index + 1, byte]],
  );

t.test(
  'garbage flips one bit in every 32 bytes, however they are cut, drawn from the seed',
  (t) => {
    const struck = flipped(sending('garbage', {})(ZEROS));
    t.equal(struck.length, 4, 'in 128 bytes');
    for (const [index, [at, byte]] of struck.entries()) {
      t.equal(Math.ceil(at! / 32), index + 1);
      t.equal(byte! & (byte! - 1), 0, 'one bit');
    }
    const slowly = sending('garbage', {});
    const pieces = Array.from({ length: 128 }, () => slowly(Buffer.alloc(1))).flat();
    t.same(flipped(pieces), struck);
    t.same(flipped(sending('garbage', {})(ZEROS)), struck, 'the same seed draws the same');
    t.notSame(flipped(sending('garbage', {}, 2)(ZEROS)), struck, 'another seed does not');
    t.match(pieces.find(({ garbled }) => garbled)?.garbled, 1);
    t.end();
  },
);

t.test(
  'garbage at=N strikes that byte of a connection alone, and not the caller\u2019s buffer',
  (t) => {
    const send = sending('garbage', { at: '148' });
    t.same(flipped(send(ZEROS)), []);
    t.match(flipped(send(ZEROS)), [[20]]);
    t.same(flipped(send(ZEROS)), []);
    t.ok(ZEROS.every((byte) => byte === 0));
    t.throws(() => WIRE_FAULTS['garbage']!({ at: '0' }), RangeError);
    t.end();
  },
);

t.test(
  'slow sends once a second what its rate lets through, in a bounded number of pieces',
  (t) => {
    const pieces = sending('slow', { latency: '200ms', rate: '50' })(ZEROS);
    t.same(
      pieces.map(({ bytes, delayNs, takesNs }) => [bytes.length, delayNs, takesNs]),
      [
        [50, 200n * MILLISECOND, SECOND],
        [50, 200n * MILLISECOND, SECOND],
        [28, 200n * MILLISECOND, 560n * MILLISECOND],
      ],
    );
    t.equal(sending('slow', { rate: '1' })(Buffer.alloc(4_000_000)).length, 1000);
    t.same(sending('slow', { rate: '9' })(Buffer.alloc(0)), []);
    t.end();
  },
);
