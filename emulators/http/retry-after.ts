// Retry-After in the arguments of an answer fault: `retry-after=2m`, and `as=date` for one that HTTP sends as a date.
import type { AnswerFault } from '../emulator.ts';

const UNIT_MS: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};
const LONGEST_MS = 0xffff_ffff;

/** `2m`, `1h30m`, `250ms`; up to 49 days, so that milliseconds fit 32 bits. */
export function durationMs(text: string): number | undefined {
  if (!/^(\d{1,10}(ms|s|m|h|d))+$/.test(text)) return undefined;
  let totalMs = 0;
  for (const [, count, unit] of text.matchAll(/(\d+)(ms|s|m|h|d)/g))
    totalMs += Number(count) * (UNIT_MS[unit ?? ''] ?? 0);
  return totalMs <= LONGEST_MS ? totalMs : undefined;
}

/** What is wrong with these arguments, or undefined. */
export function checkRetryAfter({ args }: AnswerFault): string | undefined {
  const { as, 'retry-after': retryAfter } = args;
  if (retryAfter !== undefined && durationMs(retryAfter) === undefined)
    return `retry-after=${retryAfter} is not a duration of at most 49 days, such as 2m`;
  if (as === undefined) return undefined;
  if (as !== 'seconds' && as !== 'date') return `as=${as} is neither seconds nor date`;
  return retryAfter === undefined
    ? `as=${as} says how retry-after= is sent, and there is none`
    : undefined;
}

/** Whole seconds, rounded up; undefined where the fault does not say. */
export function retryAfterSeconds({ args }: AnswerFault): number | undefined {
  const retryAfterMs = durationMs(args['retry-after'] ?? '');
  return retryAfterMs === undefined ? undefined : Math.ceil(retryAfterMs / 1000);
}

/** The value of the header Retry-After, seconds or a date of the server's clock; undefined where there is none. */
export function retryAfterHeader(fault: AnswerFault, wallMs: number): string | undefined {
  const seconds = retryAfterSeconds(fault);
  if (seconds === undefined || fault.args['as'] !== 'date') return seconds?.toString();
  return new Date(wallMs + seconds * 1000).toUTCString();
}
