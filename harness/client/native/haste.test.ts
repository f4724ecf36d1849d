import t from 'tap';
import { HOUR, type Nanos } from '../../clock/clock.ts';
import { Haste } from './haste.ts';

const MS = 1_000_000n;

t.test('a task whose waits are all short, for longer than is allowed, is found', (t) => {
  const haste = new Haste();
  const task = {};
  const note = (now: Nanos, deadline: Nanos | undefined, realMs: number) =>
    haste.note(task, { deadline, now, realMs, limitMs: 100 });
  t.equal(note(HOUR, HOUR + MS, 0), undefined);
  t.equal(note(HOUR + MS, HOUR + 2n * MS, 100), undefined, 'not yet');
  t.equal(note(HOUR + 2n * MS, HOUR + 3n * MS, 101), HOUR);
  t.equal(
    haste.note({}, { deadline: HOUR, now: HOUR, realMs: 101, limitMs: 100 }),
    undefined,
    'another task begins anew',
  );
  t.equal(note(HOUR + 3n * MS, HOUR + 5n * MS, 150), undefined, 'one longer wait is enough');
  t.equal(note(HOUR + 5n * MS, HOUR + 6n * MS, 250), undefined);
  t.equal(note(HOUR + 6n * MS, undefined, 400), undefined, 'so is one for whatever comes');
  t.equal(note(HOUR + 6n * MS, HOUR + 7n * MS, 450), undefined);
  t.end();
});
