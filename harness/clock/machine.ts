/** The machine's own time. Only the real clocks and the canary touch it, so that tests can put another in its place. */
export interface Machine {
  /** CLOCK_MONOTONIC, ns: the same in every process of this machine. */
  monotonicNs(): bigint;
  /** Milliseconds since 1970. */
  dateMs(): number;
  /** Calls `action` once after `delayMs`, at most `LONGEST_DELAY_MS`; the result cancels. */
  after(delayMs: number, action: () => void): () => void;
}

/** What `setTimeout` can hold: beyond it, it fires at once. */
export const LONGEST_DELAY_MS = 2 ** 31 - 1;

export const MACHINE: Machine = {
  monotonicNs: () => process.hrtime.bigint(),
  dateMs: () => Date.now(),
  after: (delayMs, action) => {
    const timer = setTimeout(action, delayMs);
    return () => clearTimeout(timer);
  },
};
