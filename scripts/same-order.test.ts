import { join } from 'node:path';
import t from 'tap';
import { orderDifference } from './same-order.ts';

const CONNECT = { at: '1s', actor: 'alpha', face: 'share', event: 'connect' };
const CLOSE = { at: '2s', actor: 'alpha', face: 'share', event: 'close' };
const SAID = { at: '2s', actor: 'client', event: 'said' };
const EXIT = { at: '3s', actor: 'client', event: 'exit' };

const traceOf = (events: readonly object[]): string =>
  [{ meterproof: 1 }, ...events].map((line) => `${JSON.stringify(line)}\n`).join('');

t.test('two runs of a case: the order of events', (t) => {
  const folder = t.testdir({
    was: { 'a.jsonl': traceOf([CONNECT, CLOSE, SAID, EXIT]) },
    later: { 'a.jsonl': traceOf([CONNECT, SAID, { ...CLOSE, at: '2s3ms' }, EXIT]) },
    swapped: { 'a.jsonl': traceOf([CLOSE, CONNECT, SAID, EXIT]) },
    short: { 'a.jsonl': traceOf([CONNECT, CLOSE, SAID]) },
    long: { 'a.jsonl': traceOf([CONNECT, CLOSE, SAID, EXIT, EXIT]) },
  });
  const against = (run: string) => orderDifference(join(folder, 'was'), join(folder, run), 'a');
  t.equal(against('was'), undefined);
  t.equal(against('later'), undefined, 'what came by socket and what by pipe are two orders');
  t.match(against('swapped'), 'event 1 of 4: alpha.share close instead of alpha.share connect');
  t.match(against('short'), 'event 4 of 4: the end instead of client exit');
  t.match(against('long'), 'event 5 of 4: client exit instead of the end');
  t.end();
});
