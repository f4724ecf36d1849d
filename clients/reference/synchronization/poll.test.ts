import t from 'tap';
import { NO_BUGS, type Bugs } from '../bugs.ts';
import { ManualTime } from '../time.fixture.ts';
import { poll } from './poll.ts';

const HOUR_MS = 3_600_000;

/** Polls every four hours; returns the hours at which it did. */
async function pollsOf(
  play: (time: ManualTime) => Promise<void>,
  bugs: Bugs = NO_BUGS,
  takesMs = 0,
): Promise<number[]> {
  const time = new ManualTime();
  const hours: number[] = [];
  const action = (): Promise<void> => {
    hours.push(time.elapsedMs() / HOUR_MS);
    return time.until(time.elapsedMs() + takesMs);
  };
  void poll(4 * HOUR_MS, action, time, bugs);
  await play(time);
  return hours;
}

t.test('polls follow elapsed time, wherever the clock is set', async (t) => {
  const hours = await pollsOf(async (time) => {
    await time.goTo(5 * HOUR_MS);
    time.setWallClock(-30 * HOUR_MS);
    await time.goTo(9 * HOUR_MS);
    time.setWallClock(100 * HOUR_MS);
    await time.goTo(17 * HOUR_MS);
  });
  t.same(hours, [4, 8, 12, 16]);
});

t.test('a poll that comes due while one is at work is left out', async (t) => {
  const hours = await pollsOf((time) => time.goTo(17 * HOUR_MS), NO_BUGS, 5 * HOUR_MS);
  t.same(hours, [4, 12]);
});

t.test('clock-stall: a clock that is set back stops the polls', async (t) => {
  const hours = await pollsOf(
    async (time) => {
      await time.goTo(5 * HOUR_MS);
      time.setWallClock(-30 * HOUR_MS);
      await time.goTo(17 * HOUR_MS);
    },
    new Set(['clock-stall']),
  );
  t.same(hours, [4]);
});
