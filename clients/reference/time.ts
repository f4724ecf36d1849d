/** All time of the client. Milliseconds. */
export interface Time {
  /** Since some moment, never set back: for intervals. */
  elapsedMs(): number;
  /** Since 1970: for what people read. */
  wallMs(): number;
  /** Waits until `elapsedMs()` has reached that value; never ends sooner. */
  until(elapsedMs: number): Promise<void>;
}

/** A delay, made longer by chance by at most `jitter` of itself, so that a fleet that failed together comes back apart. */
export function spread(delayMs: number, jitter: number): number {
  return delayMs * (1 + jitter * Math.random());
}

/** The client is being shut down: nothing is to be waited for any more. */
export class Stopped extends Error {}

/** The computer's time. When the signal aborts, every wait is rejected with `Stopped`. */
export function systemTime(stop: AbortSignal): Time {
  const elapsedMs = (): number => performance.now();
  return {
    elapsedMs,
    wallMs: () => Date.now(),
    async until(dueMs) {
      // A timer may fire a fraction of a millisecond before performance.now() gets there.
      while (elapsedMs() < dueMs) await timeout(Math.ceil(dueMs - elapsedMs()), stop);
      if (stop.aborted) throw new Stopped();
    },
  };
}

function timeout(durationMs: number, stop: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (stop.aborted) return reject(new Stopped());
    const abort = (): void => {
      clearTimeout(timer);
      reject(new Stopped());
    };
    const timer = setTimeout(() => {
      stop.removeEventListener('abort', abort);
      resolve();
    }, durationMs);
    stop.addEventListener('abort', abort, { once: true });
  });
}
