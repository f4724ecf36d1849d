import t from 'tap';
import { DAY, HOUR, MINUTE, SECOND } from '../clock/clock.ts';
import { call } from './call.fixture.ts';
import * as options from './sweep-options.ts';

t.test('ranges of durations', (t) => {
  t.same(options.parseDurations('10s..3d'), { from: 10n * SECOND, to: 3n * DAY });
  t.same(options.parseDurations('1h'), { from: HOUR, to: HOUR });
  for (const wrong of [
    '',
    '3d..10s',
    '10..20',
    '1s..2s..3s',
    '0s..1h',
    '1s..2000d',
    '..1h',
    '1h..',
  ])
    t.throws(() => options.parseDurations(wrong), /range of durations/, wrong);
  t.same(options.parseDelays('1m..1h'), { from: MINUTE, to: HOUR });
  t.throws(() => options.parseDelays('1m..25d'), /at most 24d/);
  t.end();
});

t.test('ranges of numbers, numbers of downtimes, bounds', (t) => {
  t.same(options.parseAttempts('1..10'), { from: 1n, to: 10n });
  for (const wrong of ['0..3', '1..101', '1..x', '-1..2', '1,2'])
    t.throws(() => options.parseAttempts(wrong), /whole numbers from 1 to 100/, wrong);
  t.same(options.parseDown('0..3'), { from: 0n, to: 3n });
  t.throws(() => options.parseDown('0..17'), /from 0 to 16/);
  t.equal(options.parseDowntimes('all'), 'all');
  t.same(options.parseDowntimes('1,3,1'), [1, 3]);
  for (const wrong of ['0', '1,', 'none']) t.throws(() => options.parseDowntimes(wrong), /all, or/);
  t.equal(options.parseResolution('250ms'), 250_000_000n);
  t.throws(() => options.parseResolution('0s'), /from 1ms on/);
  t.equal(options.parseSamples('2'), 2);
  t.throws(() => options.parseMaxRuns('1'), /from 2 to 10000/);
  t.throws(() => options.parseVirtualTime('real'), /virtual time only/);
  t.end();
});

async function refused(...args: readonly string[]): Promise<string> {
  const { status, errors } = await call('sweep', ...args);
  return `${status} ${errors}`;
}

t.test('a sweep varies exactly one thing', async (t) => {
  const name = 'offline/primary-refuses';
  t.match(await refused(name), /^2 meterproof: a sweep varies one thing/);
  t.match(
    await refused(name, '--attempts', '1..2', '--down', '1'),
    /^2 meterproof: a sweep varies/,
  );
  t.match(
    await refused(name, '--outage', 'long'),
    /^2 error: option '--outage.*range of durations/s,
  );
});
