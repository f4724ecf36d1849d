import t from 'tap';
import {
  defaultEpochMs,
  parseEpoch,
  parseRepeat,
  parseSeed,
  parseStall,
  parseTime,
  parseWorkers,
} from './options.ts';

t.test('time is a mode, and scaled time has a factor', (t) => {
  t.same(parseTime('auto'), { mode: 'auto' });
  t.same(parseTime('scaled:60'), { mode: 'scaled', factor: 60 });
  for (const wrong of ['', 'fast', 'scaled', 'scaled:', 'scaled:1', 'scaled:0.5', 'scaled:9999999'])
    t.throws(() => parseTime(wrong), /scaled:60/, `"${wrong}" is refused`);
  t.end();
});

t.test('seed and workers are whole numbers within bounds', (t) => {
  t.equal(parseSeed('0'), 0);
  t.equal(parseSeed('4294967295'), 4_294_967_295);
  for (const wrong of ['', '-1', '1e3', '4294967296', '1.5', ' 1'])
    t.throws(() => parseSeed(wrong), /whole number from 0/, `"${wrong}" is refused`);
  t.equal(parseWorkers('2'), 2);
  t.throws(() => parseWorkers('0'), /from 1 to 256/);
  t.end();
});

t.test('a stall is a time, repeats are a number', (t) => {
  t.equal(parseStall('20s'), 20_000);
  t.equal(parseStall('1h'), 3_600_000);
  for (const wrong of ['', '20', '10ms', '2h', '-1s', 'long'])
    t.throws(() => parseStall(wrong), /such as 20s/, `"${wrong}" is refused`);
  t.equal(parseRepeat('1000'), 1_000);
  t.throws(() => parseRepeat('0'), /from 1 to 100000/);
  t.end();
});

t.test('the epoch is a date that exists', (t) => {
  t.equal(parseEpoch('2001-03-25'), Date.UTC(2001, 2, 25));
  t.equal(parseEpoch('2001-03-25T02:30Z'), Date.UTC(2001, 2, 25, 2, 30));
  t.equal(parseEpoch('2001-03-25T02:30:07Z'), Date.UTC(2001, 2, 25, 2, 30, 7));
  for (const wrong of ['', 'today', '2001-02-31', '2001-13-01', '1969-12-31', '2001-03-25T02:30'])
    t.throws(() => parseEpoch(wrong), /2001-03-25/, `"${wrong}" is refused`);
  t.equal(
    defaultEpochMs(new Date('2024-02-29T23:59:59.999Z')),
    Date.UTC(2024, 1, 1),
    'the first of the month',
  );
  t.end();
});
