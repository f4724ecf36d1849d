// Values of the options of `sweep`: text in, checked value out.
import { InvalidArgumentError } from 'commander';
import { DAY, MILLISECOND, type Nanos } from '../clock/clock.ts';
import { parseDuration } from '../clock/duration.ts';
import type { TimeChoice } from '../run/choose-time.ts';
import type { Variation } from '../run/sweep/variation.ts';

export interface Range {
  readonly from: bigint;
  readonly to: bigint;
}

/** What a client can be told: whole milliseconds in 31 bits. */
const LONGEST: Nanos = 24n * DAY;
const A_YEAR: Nanos = 365n * DAY;

/** `10s..3d`, or one duration; nanoseconds from 1 ms to a year. */
export function parseDurations(text: string): Range {
  const range = rangeOf(text, (part) => parseDuration(part));
  if (range && range.from >= MILLISECOND && range.to <= A_YEAR) return range;
  throw new InvalidArgumentError('It is a range of durations from 1ms to 365d, such as 10s..3d.');
}

/** A range of retry delays: what a client can be told. */
export function parseDelays(text: string): Range {
  const range = parseDurations(text);
  if (range.to <= LONGEST) return range;
  throw new InvalidArgumentError('A client can be told at most 24d, such as 1m..1h.');
}

/** `1..10`; at most 100, as in a case. */
export function parseAttempts(text: string): Range {
  return numbers(text, 1n, 100n);
}

export function parseDown(text: string): Range {
  return numbers(text, 0n, 16n);
}

/** `all`, or numbers from 1 with commas. */
export function parseDowntimes(text: string): Variation['downtimes'] {
  if (text === 'all') return 'all';
  if (/^[1-9]\d{0,2}(?:,[1-9]\d{0,2})*$/.test(text))
    return [...new Set(text.split(',').map(Number))];
  throw new InvalidArgumentError('It is all, or the numbers of "down" steps from 1, such as 1,2.');
}

export function parseResolution(text: string): Nanos {
  const resolution = parseDuration(text);
  if (resolution !== undefined && resolution >= MILLISECOND) return resolution;
  throw new InvalidArgumentError('It is a duration from 1ms on, such as 1s.');
}

export function parseSamples(text: string): number {
  return wholeNumber(text, 2, 1_000);
}

export function parseMaxRuns(text: string): number {
  return wholeNumber(text, 2, 10_000);
}

/** A sweep in real time would take weeks. */
export function parseVirtualTime(text: string): TimeChoice {
  if (text === 'virtual' || text === 'in-process') return { mode: text };
  throw new InvalidArgumentError('A sweep plays in virtual time only: virtual or in-process.');
}

function numbers(text: string, least: bigint, most: bigint): Range {
  const range = rangeOf(text, (part) => (/^\d{1,3}$/.test(part) ? BigInt(part) : undefined));
  if (range && range.from >= least && range.to <= most) return range;
  throw new InvalidArgumentError(
    `It is a range of whole numbers from ${least} to ${most}, such as ${least}..3.`,
  );
}

function rangeOf(text: string, read: (part: string) => bigint | undefined): Range | undefined {
  const [first, second = first, ...rest] = text.split('..');
  const from = read(first!);
  const to = read(second!);
  if (rest.length > 0 || from === undefined || to === undefined || from > to) return undefined;
  return { from, to };
}

function wholeNumber(text: string, least: number, most: number): number {
  const value = /^\d{1,6}$/.test(text) ? Number(text) : Number.NaN;
  if (value >= least && value <= most) return value;
  throw new InvalidArgumentError(`It is a whole number from ${least} to ${most}.`);
}
