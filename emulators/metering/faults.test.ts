import t from 'tap';
import { retryAfterSeconds } from '../http/retry-after.ts';
import { busyMs, checkFault } from './faults.ts';
import { metering } from './index.ts';

t.test('durations of faults are read in the units of the field', (t) => {
  const retryAfter = (text: string) => ({ name: '503', args: { 'retry-after': text } });
  t.equal(retryAfterSeconds(retryAfter('2m')), 120);
  t.equal(retryAfterSeconds(retryAfter('1h30m')), 5400);
  t.equal(retryAfterSeconds(retryAfter('1500ms')), 2);
  t.equal(retryAfterSeconds({ name: '503', args: {} }), undefined);
  t.equal(busyMs({ name: 'busy', args: { 'retry-after': '250ms' } }), 250);
  for (const wrong of ['', '2', 'soon', '-2m', '1.5m', '50d', '2m '])
    t.match(checkFault(retryAfter(wrong)), /^retry-after=.* is not a duration/, `"${wrong}"`);
  t.end();
});

t.test('the dialect tells a case file what is wrong with a fault', (t) => {
  const check = (name: string, args: Readonly<Record<string, string>>) =>
    metering.checkAnswerFault?.('pipe', { name, args });
  t.equal(check('deny', { why: 'whim' }), 'why=whim is none of no-seat, forbidden, no-permission');
  t.equal(check('deny', { why: 'no-seat' }), undefined);
  t.equal(check('deny', {}), undefined);
  t.equal(check('busy', { 'retry-after': '10s' }), undefined);
  t.match(check('503', { 'retry-after': '2m', as: 'text' }), 'as=text is neither seconds nor date');
  t.match(check('503', { as: 'date' }), 'as=date says how retry-after= is sent, and there is none');
  t.equal(check('429', { 'retry-after': '2m', as: 'date' }), undefined);
  t.match(check('nack', { as: 'date' }), 'as=date is neither refused nor later');
  t.match(check('nack', { records: '0' }), 'records=0 is not a list of places');
  t.match(check('413', { max: '1k' }), 'max=1k is not a number of bytes');
  t.equal(check('nack', { records: '1,12', program: 'a.exe', as: 'later' }), undefined);
  t.end();
});
