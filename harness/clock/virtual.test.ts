import fc from 'fast-check';
import t from 'tap';
import { VirtualClock } from './virtual.ts';

t.test('actions run in order of time, and of making where the time is the same', (t) => {
  fc.assert(
    fc.property(fc.array(fc.nat({ max: 20 })), (times) => {
      const clock = new VirtualClock(0);
      const ran: [number, number][] = [];
      times.forEach((time, index) => clock.at(BigInt(time), () => ran.push([time, index])));
      for (let next = clock.next(); next !== undefined; next = clock.next()) clock.advanceTo(next);
      const wanted = times
        .map((time, index): [number, number] => [time, index])
        .toSorted((a, b) => a[0] - b[0] || a[1] - b[1]);
      t.same(ran, wanted);
    }),
  );
  t.end();
});

t.test('a cancelled action does not run and is not waited for', (t) => {
  const clock = new VirtualClock(1_000);
  clock.at(5n, () => t.fail('cancelled')).cancel();
  t.equal(clock.next(), undefined);
  clock.at(2_000_000n, () => t.equal(clock.wallMs(), 1_002));
  clock.advanceTo(2_000_000n);
  t.throws(() => clock.advanceTo(1n), RangeError, 'time does not run backward');
  clock.at(3_000_000n, () => {});
  t.throws(() => clock.advanceTo(4_000_000n), RangeError, 'nothing is jumped over');
  t.end();
});
