import t from 'tap';
import { MILLISECOND } from '../clock/clock.ts';
import { FakeMachine } from '../clock/fake-machine.fixture.ts';
import { isAtWork } from './at-work.ts';
import { LaunchWatch } from './launch-watch.ts';

const ms = (count: number): bigint => BigInt(count) * MILLISECOND;

/** A watch that looks every 20 ms at processes which are at work or not. */
function watching(factor = 1) {
  const machine = new FakeMachine();
  const states = new Map<number, boolean | undefined>();
  const watch = new LaunchWatch({ factor, machine, atWork: (pid) => states.get(pid) });
  const look = (times: number, pid: number, atWork: boolean | undefined): void => {
    for (let time = 0; time < times; time++) {
      machine.pass(ms(20));
      states.set(pid, atWork);
      watch.poll();
    }
  };
  return { machine, watch, look };
}

t.test('a start lasts until the process rests, which moments of sleep are not', (t) => {
  const { watch, look } = watching();
  watch.launched('client', 1);
  look(10, 1, true);
  look(2, 1, false);
  look(10, 1, true);
  t.equal(watch.worst(), ms(440), 'it is not over');
  look(3, 1, false);
  t.equal(watch.worst(), ms(460), 'from the first quiet look');
  look(50, 1, true);
  t.equal(watch.worst(), ms(460), 'what it does later is no start');
  t.end();
});

t.test('who reaches for the network, or ends, has started', (t) => {
  const { machine, watch, look } = watching();
  watch.launched('one', 1);
  watch.launched('two', 2);
  look(1, 2, true);
  look(4, 1, true);
  watch.reached('one');
  machine.pass(ms(1000));
  watch.reached('one');
  watch.ended(1);
  watch.ended(2);
  t.equal(watch.worst(), ms(1100), 'the other one took longer');
  machine.pass(ms(1000));
  t.equal(watch.worst(), ms(1100));
  t.end();
});

t.test('in case time, and nothing where nothing was started or the system does not tell', (t) => {
  const { watch, look } = watching(60);
  t.equal(watch.worst(), 0n);
  watch.launched('client', 1);
  look(3, 1, undefined);
  t.equal(watch.worst(), ms(20 * 60));
  t.end();
});

t.test(
  'the process table: this process is at work, and one that does not exist tells nothing',
  (t) => {
    t.equal(isAtWork(process.pid), true);
    t.equal(isAtWork(2 ** 30), undefined);
    t.end();
  },
);
