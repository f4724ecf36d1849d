import fc from 'fast-check';
import t from 'tap';
import { DAY, HOUR, MILLISECOND, SECOND, type Nanos } from './clock.ts';
import { FakeMachine } from './fake-machine.fixture.ts';
import { RealClock } from './real.ts';

const BOOT = 123n * DAY + 456_789n;

t.test('case time stands at 0 until the start, then runs with the machine', (t) => {
  const machine = new FakeMachine(BOOT, 1_000);
  const clock = new RealClock(1, machine);
  clock.at(5n * MILLISECOND, () => t.equal(clock.now(), 5n * MILLISECOND));
  machine.pass(SECOND);
  t.equal(clock.now(), 0n);
  t.equal(machine.pending, 0, 'nothing is waited for yet');
  clock.start();
  t.throws(() => clock.start(), /runs already/);
  machine.pass(7n * MILLISECOND);
  t.equal(clock.now(), 7n * MILLISECOND);
  t.equal(clock.caseTimeOf(machine.monotonicNs() - MILLISECOND), 6n * MILLISECOND);
  t.equal(clock.caseTimeOf(BOOT), -SECOND, 'before the start is negative');
  t.end();
});

t.test('scaled: case time runs faster, timers come sooner, dates stay', (t) => {
  const machine = new FakeMachine(BOOT, 1_000);
  const clock = new RealClock(60, machine);
  clock.start();
  let ran: Nanos | undefined;
  clock.at(HOUR, () => (ran = clock.now()));
  machine.pass(59n * SECOND + 999n * MILLISECOND);
  t.equal(ran, undefined);
  machine.pass(MILLISECOND);
  t.equal(ran, HOUR, 'an hour takes a minute');
  t.equal(clock.wallMs(), 61_000, 'and the date has moved by a minute');
  t.equal(clock.caseTimeOf(BOOT + SECOND), 60n * SECOND);
  for (const wrong of [0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY])
    t.throws(() => new RealClock(wrong, machine), RangeError, `${wrong} is refused`);
  t.end();
});

t.test('actions run in order, never early, once', (t) => {
  fc.assert(
    fc.property(
      fc.array(fc.nat({ max: 50_000_000 }), { maxLength: 20 }),
      fc.integer({ min: 1, max: 1_000 }),
      (times, factor) => {
        const machine = new FakeMachine(BOOT);
        const clock = new RealClock(factor, machine);
        const ran: (readonly [time: number, index: number])[] = [];
        times.forEach((time, index) =>
          clock.at(BigInt(time), () => {
            if (clock.now() < BigInt(time)) t.fail(`${time} came at ${clock.now()}`);
            ran.push([time, index]);
          }),
        );
        clock.start();
        machine.pass(SECOND);
        const wanted = times
          .map((time, index) => [time, index] as const)
          .toSorted((a, b) => a[0] - b[0] || a[1] - b[1]);
        t.same(ran, wanted);
      },
    ),
  );
  t.end();
});

t.test('a passed time comes in the next turn, and does not starve the others', (t) => {
  const machine = new FakeMachine();
  const clock = new RealClock(1, machine);
  clock.start();
  machine.pass(SECOND);
  const ran: string[] = [];
  clock.at(0n, () => {
    ran.push('passed');
    clock.at(0n, () => ran.push('asked for by an action'));
  });
  machine.after(0, () => ran.push('a socket'));
  t.same(ran, [], 'not at once');
  machine.pass(MILLISECOND);
  t.same(ran, ['passed', 'a socket', 'asked for by an action']);
  t.end();
});

t.test('waits longer than setTimeout can hold are waited for in pieces', (t) => {
  const machine = new FakeMachine();
  const clock = new RealClock(1, machine);
  clock.start();
  let ran: Nanos | undefined;
  clock.at(60n * DAY, () => (ran = clock.now()));
  machine.pass(60n * DAY - 1n);
  t.equal(ran, undefined);
  machine.pass(MILLISECOND);
  t.equal(ran, 60n * DAY);
  t.end();
});

t.test('what is cancelled holds no timer, and close cancels everything', (t) => {
  const machine = new FakeMachine();
  const clock = new RealClock(1, machine);
  clock.start();
  const far = clock.at(HOUR, () => t.fail('cancelled'));
  const near = clock.at(SECOND, () => t.fail('cancelled'));
  t.equal(machine.pending, 1, 'one timer of the machine for all');
  near.cancel();
  far.cancel();
  t.equal(machine.pending, 0);
  clock.at(SECOND, () => clock.close());
  clock.at(SECOND + 1n, () => t.fail('closed'));
  machine.pass(HOUR);
  clock.at(2n * HOUR, () => t.fail('closed'));
  t.equal(machine.pending, 0);
  t.end();
});

t.test('an action that throws takes no other action with it', (t) => {
  const machine = new FakeMachine();
  const clock = new RealClock(1, machine);
  clock.start();
  let ran = false;
  clock.at(1n, () => {
    throw new Error('thrown');
  });
  clock.at(1n, () => (ran = true));
  t.throws(() => machine.pass(SECOND), /thrown/);
  machine.pass(SECOND);
  t.ok(ran);
  t.end();
});

t.test('on the real machine a short wait ends, and not early', async (t) => {
  const clock = new RealClock(1_000);
  clock.start();
  const at = await new Promise<Nanos>((resolve) => clock.at(SECOND, () => resolve(clock.now())));
  t.ok(at >= SECOND, `${at}`);
  t.ok(Math.abs(clock.wallMs() - Date.now()) < 60_000, 'the date is the date of the machine');
  clock.close();
});
