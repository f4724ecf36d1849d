import type { Bugs } from '../bugs.ts';
import type { Time } from '../time.ts';

/** How often in an interval a stalled clock is looked at. */
const LOOKS = 10;

/**
 * Calls `action` every interval, counted from now in elapsed time: a clock that is set does not matter (Q226832).
 * A poll that comes due while the one before is still at work is left out. Ends only with an error.
 */
export async function poll(
  intervalMs: number,
  action: () => Promise<void>,
  time: Time,
  bugs: Bugs,
): Promise<never> {
  const nowMs = (): number => (bugs.has('clock-stall') ? time.wallMs() : time.elapsedMs());
  let dueMs = nowMs() + intervalMs;
  if (bugs.has('poll-at-start')) await action();
  for (;;) {
    if (bugs.has('clock-stall'))
      while (nowMs() < dueMs)
        await time.until(time.elapsedMs() + Math.min(intervalMs / LOOKS, dueMs - nowMs()));
    else await time.until(dueMs);
    await action();
    if (bugs.has('poll-drifts')) dueMs = nowMs();
    do dueMs += intervalMs;
    while (dueMs <= nowMs());
  }
}
