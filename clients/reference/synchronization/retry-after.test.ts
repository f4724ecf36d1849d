import t from 'tap';
import { retryAfterMs } from './retry-after.ts';

const NOW_MS = Date.parse('1999-03-01T08:00:00.000Z');

t.test('Retry-After is read in both forms', (t) => {
  t.equal(retryAfterMs({ 'retry-after': '120' }, NOW_MS), 120_000);
  t.equal(retryAfterMs({ 'retry-after': '0' }, NOW_MS), 0);
  t.equal(retryAfterMs({ 'retry-after': 'Mon, 01 Mar 1999 08:02:00 GMT' }, NOW_MS), 120_000);
  t.equal(retryAfterMs({ 'retry-after': 'Mon, 01 Mar 1999 07:00:00 GMT' }, NOW_MS), 0, 'past');
  t.end();
});

t.test('a date counts from the clock of the server that named it', (t) => {
  const headers = {
    'retry-after': 'Mon, 01 Mar 1999 20:02:00 GMT',
    date: 'Mon, 01 Mar 1999 20:00:00 GMT',
  };
  t.equal(retryAfterMs(headers, NOW_MS), 120_000);
  t.end();
});

t.test('what means nothing is left out of account', (t) => {
  t.equal(retryAfterMs({}, NOW_MS), undefined);
  for (const value of ['', 'soon', '-5', '1.5', '1e9', '99999999999', '1999-03-01', 'Mon, 99 Xyz'])
    t.equal(retryAfterMs({ 'retry-after': value }, NOW_MS), undefined, value);
  t.end();
});
