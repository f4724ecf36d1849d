// Values of options: text in, checked value out. A wrong value is told with what would be right.
import { InvalidArgumentError } from 'commander';
import { parseDuration, toMs } from '../clock/duration.ts';
import type { TimeChoice } from '../run/choose-time.ts';

export const REPORTERS = ['console', 'tap', 'json'] as const;
export type ReporterName = (typeof REPORTERS)[number];

/** `auto`, `virtual`, `in-process`, `real` or `scaled:N` with a whole N from 2 to 1,000,000. */
export function parseTime(text: string): TimeChoice {
  if (text === 'auto' || text === 'virtual' || text === 'in-process' || text === 'real')
    return { mode: text };
  const scaled = /^scaled:(\d{1,7})$/.exec(text);
  const factor = Number(scaled?.[1]);
  if (factor >= 2 && factor <= 1_000_000) return { mode: 'scaled', factor };
  throw new InvalidArgumentError(
    'It is auto, virtual, in-process, real, or scaled:N with a whole N from 2 to 1000000, such as scaled:60.',
  );
}

/** A whole number from 0 to 2^32 - 1. */
export function parseSeed(text: string): number {
  return wholeNumber(text, 0, 4_294_967_295);
}

/** A whole number from 1 to 256. */
export function parseWorkers(text: string): number {
  return wholeNumber(text, 1, 256);
}

/** A whole number from 1 to 100,000. */
export function parseRepeat(text: string): number {
  return wholeNumber(text, 1, 100_000);
}

/** A time from 100 ms to one hour; the result is milliseconds. */
export function parseStall(text: string): number {
  const time = parseDuration(text);
  const ms = time === undefined ? Number.NaN : toMs(time);
  if (ms >= 100 && ms <= 3_600_000) return ms;
  throw new InvalidArgumentError('It is a time from 100ms to 1h, such as 20s or 2m.');
}

const EPOCH = /^\d{4}-\d\d-\d\d(?:T\d\d:\d\d(?::\d\d)?Z)?$/;

/** A date in UTC, `2001-03-25` or `2001-03-25T02:30Z`; the result is milliseconds since 1970. */
export function parseEpoch(text: string): number {
  const ms = EPOCH.test(text) ? Date.parse(text) : Number.NaN;
  // Date.parse takes 31 February for 3 March: only what is written back unchanged is a date.
  if (ms >= 0 && new Date(ms).toISOString().startsWith(text.replace('Z', ''))) return ms;
  throw new InvalidArgumentError(
    'It is a date in UTC from 1970 on, such as 2001-03-25 or 2001-03-25T02:30Z.',
  );
}

/** 00:00 UTC of the first day of this month: near today, and the same for every run of the month. */
export function defaultEpochMs(now: Date): number {
  return Date.UTC(now.getUTCFullYear(), now.getUTCMonth(), 1);
}

/** For options that may be given more than once. */
export function collect(value: string, before: readonly string[]): readonly string[] {
  return [...before, value];
}

function wholeNumber(text: string, least: number, most: number): number {
  const value = /^\d{1,10}$/.test(text) ? Number(text) : Number.NaN;
  if (value >= least && value <= most) return value;
  throw new InvalidArgumentError(`It is a whole number from ${least} to ${most}.`);
}
