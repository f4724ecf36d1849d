import t from 'tap';
import { HOUR, MINUTE } from '../clock/clock.ts';
import { VirtualClock } from '../clock/virtual.ts';
import { Recorder } from './recorder.ts';

t.test('events stand in order of time, also those that were seen late', (t) => {
  const clock = new VirtualClock(0);
  const recorder = new Recorder(clock);
  clock.advanceTo(10n);
  recorder.record({ actor: 'alpha', event: 'connect' });
  recorder.record({ actor: 'alpha', event: 'refused' }, 5n);
  recorder.record({ actor: 'alpha', event: 'close' });
  t.same(
    recorder.events().map(({ event }) => event),
    ['refused', 'connect', 'close'],
  );
  t.end();
});

t.test('a flood ends with a word about it, and takes no more memory', (t) => {
  const recorder = new Recorder(new VirtualClock(0));
  for (let count = 0; count < 100_010; count++)
    recorder.record({ actor: 'alpha', event: 'hello', from: 'ws1' });
  t.ok(recorder.overflowed);
  t.equal(recorder.events().length, 100_001);
  const last = recorder.events().at(-1)!;
  t.equal(last.event, 'contract');
  t.equal(last.actor, 'ws1');
  t.end();
});

t.test('who makes as many events in an hour or more floods nobody: the trace is full', (t) => {
  const clock = new VirtualClock(0);
  const recorder = new Recorder(clock);
  for (let count = 0; count < 100_000; count++)
    recorder.record({ actor: 'alpha', event: 'hello', from: 'ws1' });
  t.notOk(recorder.overflowed);
  clock.advanceTo(36n * HOUR);
  for (const _ of ['one', 'two']) recorder.record({ actor: 'alpha', event: 'hello', from: 'ws1' });
  t.ok(recorder.overflowed);
  const why = 'a trace holds 100000 events, and 1d12h made as many';
  t.match(recorder.events().at(-1), { actor: 'harness', event: 'full', fields: { why } });
  t.equal(recorder.events().length, 100_001);
  t.end();
});

t.test('a storm without a pause ends with a word about it; one that lasts does not', (t) => {
  const clock = new VirtualClock(0);
  const recorder = new Recorder(clock);
  const attempts = (count: number) => {
    for (let attempt = 0; attempt < count; attempt++)
      recorder.record({ actor: 'alpha', event: 'refused', from: attempt % 2 ? 'ws1' : 'ws2' });
  };
  attempts(6_000);
  t.notOk(recorder.overflowed, 'each client has its own bound');
  clock.advanceTo(MINUTE);
  attempts(6_000);
  for (let connection = 0; connection < 3_001; connection++)
    recorder.record({ actor: 'alpha', event: 'connect', from: 'ws1' });
  t.notOk(recorder.overflowed, 'another minute, and what is accepted may be work');
  attempts(1);
  t.ok(recorder.overflowed);
  t.match(recorder.events().at(-1), {
    actor: 'ws2',
    event: 'contract',
    fields: { why: /more than 3000 attempts in vain within a minute/ },
  });
  t.end();
});

t.test('raw bytes are kept up to a bound, then only their number', (t) => {
  const recorder = new Recorder(new VirtualClock(0));
  const chunk = Buffer.alloc(40 * 1024 * 1024);
  recorder.recordBytes({ actor: 'alpha', event: 'received' }, chunk);
  recorder.recordBytes({ actor: 'alpha', event: 'received' }, chunk);
  const [first, second] = recorder.events();
  t.equal(typeof first!.bytes, 'string');
  t.equal(second!.bytes, undefined);
  t.equal(second!.fields['length'], chunk.length);
  t.end();
});
