import fc from 'fast-check';
import t from 'tap';
import { HOUR, MILLISECOND, MINUTE } from './clock.ts';
import { formatDuration, parseDuration } from './duration.ts';

t.test('durations are read and written in the units of the field', (t) => {
  t.equal(parseDuration('1h30m'), HOUR + 30n * MINUTE);
  t.equal(parseDuration('250ms'), 250n * MILLISECOND);
  t.equal(parseDuration('0s'), 0n);
  t.equal(formatDuration(4n * HOUR + 2n * MILLISECOND), '4h2ms');
  t.equal(formatDuration(-MINUTE), '-1m');
  for (const wrong of ['', '4', 'h', '1m1h', '1h1h', '1.5h', '-1h', '4 h', '999999999d'])
    t.equal(parseDuration(wrong), undefined, `"${wrong}" is refused`);
  t.end();
});

t.test('what is written is read back exactly', (t) => {
  fc.assert(
    fc.property(
      fc.bigInt({ min: 0n, max: 36_525n * 24n * HOUR }),
      (duration) => parseDuration(formatDuration(duration)) === duration,
    ),
  );
  t.pass('for any duration up to a hundred years');
  t.end();
});
