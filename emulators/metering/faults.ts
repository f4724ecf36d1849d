// Answer faults of both faces: what a case can make the server answer, whatever it would have decided.
import type { AnswerFault } from '../emulator.ts';
import type { DenialReason } from './server/leases.ts';

/** Names of the faults and the arguments that each takes. */
export const PIPE_FAULTS = {
  /** why: `no-seat` (default), `forbidden` or `no-permission`. */
  deny: ['why'],
  'login-refused': [],
  /** retry-after: a duration, default 10s. */
  busy: ['retry-after'],
} as const;

export const SHARE_FAULTS = {
  /** retry-after: a duration, sent in whole seconds; without it there is no such header. */
  '503': ['retry-after'],
  'login-refused': [],
} as const;

const DENIAL_REASONS: readonly DenialReason[] = ['no-seat', 'forbidden', 'no-permission'];
const DEFAULT_BUSY_MS = 10_000;
const UNIT_MS: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};
const LONGEST_MS = 0xffff_ffff;

/** Returns what is wrong with the arguments of a fault of this dialect, or undefined. */
export function checkFault({ name, args }: AnswerFault): string | undefined {
  const { why, 'retry-after': retryAfter } = args;
  if (name === 'deny' && why !== undefined && !isDenialReason(why))
    return `why=${why} is none of ${DENIAL_REASONS.join(', ')}`;
  if (retryAfter !== undefined && durationMs(retryAfter) === undefined)
    return `retry-after=${retryAfter} is not a duration of at most 49 days, such as 2m`;
  return undefined;
}

export function denialReason({ args }: AnswerFault): DenialReason {
  return args['why'] !== undefined && isDenialReason(args['why']) ? args['why'] : 'no-seat';
}

export function busyMs({ args }: AnswerFault): number {
  return durationMs(args['retry-after'] ?? '') ?? DEFAULT_BUSY_MS;
}

/** Whole seconds, rounded up; undefined where the fault does not say. */
export function retryAfterSeconds({ args }: AnswerFault): number | undefined {
  const retryAfterMs = durationMs(args['retry-after'] ?? '');
  return retryAfterMs === undefined ? undefined : Math.ceil(retryAfterMs / 1000);
}

function isDenialReason(text: string): text is DenialReason {
  return DENIAL_REASONS.some((reason) => reason === text);
}

/** `2m`, `1h30m`, `250ms`; up to 49 days, so that milliseconds fit 32 bits. */
function durationMs(text: string): number | undefined {
  if (!/^(\d{1,10}(ms|s|m|h|d))+$/.test(text)) return undefined;
  let totalMs = 0;
  for (const [, count, unit] of text.matchAll(/(\d+)(ms|s|m|h|d)/g))
    totalMs += Number(count) * (UNIT_MS[unit ?? ''] ?? 0);
  return totalMs <= LONGEST_MS ? totalMs : undefined;
}
