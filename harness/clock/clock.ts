/** Case time in integer nanoseconds since the listeners were bound. A bigint: a number loses precision after 104 days. */
export type Nanos = bigint;

export const MICROSECOND: Nanos = 1_000n;
export const MILLISECOND: Nanos = 1_000_000n;
export const SECOND: Nanos = 1_000n * MILLISECOND;
export const MINUTE: Nanos = 60n * SECOND;
export const HOUR: Nanos = 60n * MINUTE;
export const DAY: Nanos = 24n * HOUR;

export interface Timer {
  cancel(): void;
}

/** The only source of time in servers, faults and plays; virtual, real and scaled clocks implement it. */
export interface Clock {
  /** Case time now. */
  now(): Nanos;
  /** Calls `action` once, at `time` or as soon as possible when that has passed. */
  at(time: Nanos, action: () => void): Timer;
  /** Milliseconds since 1970 that a server's wall clock shows now. */
  wallMs(): number;
}
