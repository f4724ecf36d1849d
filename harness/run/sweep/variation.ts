// What a sweep varies, and over which range.
import { formatDuration } from '../../clock/duration.ts';

/** `outage`: how long a downtime lasts; `down`: how many servers are down. */
export type Quantity = 'outage' | 'attempts' | 'retry-delay' | 'down';

export interface Variation {
  readonly quantity: Quantity;
  /** Nanoseconds for durations, a number for the rest; both ends are tried. */
  readonly from: bigint;
  readonly to: bigint;
  /** Which `down` steps of the play are meant, from 1 in the order of the file. */
  readonly downtimes: readonly number[] | 'all';
}

/** The case cannot be varied in that way; the message says what can be done. */
export class SweepError extends Error {
  override name = 'SweepError';
}

export function isDuration(quantity: Quantity): boolean {
  return quantity === 'outage' || quantity === 'retry-delay';
}

export function formatValue(quantity: Quantity, value: bigint): string {
  return isDuration(quantity) ? formatDuration(value) : String(value);
}
