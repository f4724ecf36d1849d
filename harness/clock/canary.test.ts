import t from 'tap';
import { Canary } from './canary.ts';
import { MILLISECOND, SECOND } from './clock.ts';
import { FakeMachine } from './fake-machine.fixture.ts';

t.test('a machine that keeps its times has no lateness', (t) => {
  const machine = new FakeMachine();
  const canary = new Canary(1, machine);
  t.equal(canary.worst(), 0n, 'before the start there is none');
  canary.start();
  machine.pass(SECOND);
  t.equal(canary.worst(), 0n);
  canary.stop();
  t.equal(machine.pending, 0, 'it leaves no timer behind');
  t.end();
});

t.test('the worst lateness is kept, in case time', (t) => {
  const machine = new FakeMachine();
  const canary = new Canary(60, machine);
  canary.start();
  machine.pass(100n * MILLISECOND);
  machine.nowNs += 40n * MILLISECOND;
  t.equal(canary.worst(), 60n * 30n * MILLISECOND, 'while the timer is still overdue');
  machine.pass(SECOND);
  machine.nowNs += 15n * MILLISECOND;
  machine.pass(SECOND);
  t.equal(canary.worst(), 60n * 30n * MILLISECOND, 'and when the machine runs smoothly again');
  machine.nowNs += 110n * MILLISECOND;
  canary.stop();
  machine.nowNs += SECOND;
  t.equal(canary.worst(), 60n * 100n * MILLISECOND, 'up to the stop, and no longer');
  canary.start();
  t.equal(canary.worst(), 0n, 'a new start begins anew');
  canary.stop();
  t.end();
});
