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
  'wrong-version': [],
  'wrong-length': [],
  unexpected: [],
} as const;

export const SHARE_FAULTS = {
  /** retry-after: a duration, sent in whole seconds, or as=date; without it there is no such header. */
  '503': ['retry-after', 'as'],
  '429': ['retry-after', 'as'],
  /** max: bytes that a log may have, default 0: none is taken. */
  '413': ['max'],
  '507': [],
  /** records: places in the log, from 1, comma between; program: its records; as: `refused` for good (default) or `later`. */
  nack: ['records', 'program', 'as'],
  'login-refused': [],
  'wrong-version': [],
  'wrong-length': [],
  unexpected: [],
} as const;

/** The server does what it is asked, but answers what the protocol does not allow, or what answers something else. */
export const MALFORMED = ['wrong-version', 'wrong-length', 'unexpected'] as const;
export type Malformed = (typeof MALFORMED)[number];

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
  const { why, as, max, records, 'retry-after': retryAfter } = args;
  if (name === 'deny' && why !== undefined && !isDenialReason(why))
    return `why=${why} is none of ${DENIAL_REASONS.join(', ')}`;
  if (retryAfter !== undefined && durationMs(retryAfter) === undefined)
    return `retry-after=${retryAfter} is not a duration of at most 49 days, such as 2m`;
  if (name === 'nack' && as !== undefined && as !== 'refused' && as !== 'later')
    return `as=${as} is neither refused nor later`;
  if (name !== 'nack' && as !== undefined && as !== 'seconds' && as !== 'date')
    return `as=${as} is neither seconds nor date`;
  if (as !== undefined && name !== 'nack' && retryAfter === undefined)
    return `as=${as} says how retry-after= is sent, and there is none`;
  if (max !== undefined && !/^\d{1,9}$/.test(max)) return `max=${max} is not a number of bytes`;
  if (records !== undefined && !/^[1-9]\d{0,4}(,[1-9]\d{0,4}){0,99}$/.test(records))
    return `records=${records} is not a list of places in a log, such as 1,3`;
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

/** The value of the header Retry-After, seconds or a date of the server's clock; undefined where there is none. */
export function retryAfterHeader(fault: AnswerFault, wallMs: number): string | undefined {
  const seconds = retryAfterSeconds(fault);
  if (seconds === undefined || fault.args['as'] !== 'date') return seconds?.toString();
  return new Date(wallMs + seconds * 1000).toUTCString();
}

/** Bytes that a log may have while the fault `413` is active. */
export function maxLogBytes({ args }: AnswerFault): number {
  return Number(args['max'] ?? 0);
}

/** Which records of a log the fault `nack` strikes, and whether they may be sent again. */
export function nacked(
  { args }: AnswerFault,
  records: readonly { readonly id: string; readonly program: string }[],
): { readonly ids: ReadonlySet<string>; readonly as: 'refused' | 'later' } {
  const places = args['records']?.split(',').map(Number);
  const program = args['program']?.toLowerCase();
  const struck = records.filter(
    (record, index) =>
      (places === undefined || places.includes(index + 1)) &&
      (program === undefined || record.program.toLowerCase() === program),
  );
  return {
    ids: new Set(struck.map(({ id }) => id)),
    as: args['as'] === 'later' ? 'later' : 'refused',
  };
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
