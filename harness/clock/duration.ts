import { DAY, HOUR, MICROSECOND, MILLISECOND, MINUTE, SECOND, type Nanos } from './clock.ts';

const UNITS: readonly (readonly [name: string, size: Nanos])[] = [
  ['d', DAY],
  ['h', HOUR],
  ['m', MINUTE],
  ['s', SECOND],
  ['ms', MILLISECOND],
  ['us', MICROSECOND],
  ['ns', 1n],
];
const PART = /(\d{1,15})(ms|us|ns|d|h|m|s)/y;
/** A hundred years: what lies beyond is a typing error. */
const LONGEST: Nanos = 36_525n * DAY;

/**
 * Reads `4h`, `1h30m`, `250ms`: units in falling order, each at most once.
 * Returns undefined for anything else, and for more than a hundred years.
 */
export function parseDuration(text: string): Nanos | undefined {
  let total = 0n;
  let lastUnit = -1;
  PART.lastIndex = 0;
  if (text === '') return undefined;
  while (PART.lastIndex < text.length) {
    const match = PART.exec(text);
    if (!match) return undefined;
    const unit = UNITS.findIndex(([name]) => name === match[2]);
    if (unit <= lastUnit) return undefined;
    lastUnit = unit;
    total += BigInt(match[1]!) * UNITS[unit]![1];
  }
  return total <= LONGEST ? total : undefined;
}

/** The exact inverse: `4h0m2ms` is written `4h2ms`; zero is `0s`; a negative one starts with `-`. */
export function formatDuration(duration: Nanos): string {
  if (duration < 0n) return `-${formatDuration(-duration)}`;
  if (duration === 0n) return '0s';
  let rest = duration;
  let text = '';
  for (const [name, size] of UNITS) {
    const count = rest / size;
    if (count > 0n) text += `${count}${name}`;
    rest %= size;
  }
  return text;
}

/** Milliseconds, rounded down, for the places that count in them. */
export function toMs(duration: Nanos): number {
  return Number(duration / MILLISECOND);
}

export function fromMs(milliseconds: number): Nanos {
  return BigInt(Math.round(milliseconds)) * MILLISECOND;
}
