import type { Nanos } from '../../clock/clock.ts';
import { parseDuration } from '../../clock/duration.ts';
import { quote, Refusal } from '../errors.ts';
import type { Token } from './line.ts';

export const A_DURATION = 'a duration is written 4h, 1h30m, 90s or 250ms, units in falling order';

/** Reads a duration; `expected` is said where the default sentence would not help. */
export function readDuration({ text, position }: Token, expected = A_DURATION): Nanos {
  const duration = parseDuration(text);
  if (duration === undefined)
    throw new Refusal(position, `${quote(text)} is not a duration`, expected);
  return duration;
}

const MAX_COUNT = 1_000_000;

/** Reads a whole number from `least` to a million. */
export function readCount({ text, position }: Token, least: number, expected: string): number {
  const value = /^\d{1,7}$/.test(text) ? Number(text) : Number.NaN;
  if (value >= least && value <= MAX_COUNT) return value;
  const right = `${expected}, a whole number from ${least} to ${MAX_COUNT}`;
  throw new Refusal(position, `${quote(text)} is not a count`, right);
}
