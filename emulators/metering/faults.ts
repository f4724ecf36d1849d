// Answer faults of both faces: what a case can make the server answer, whatever it would have decided.
import type { AnswerFault } from '../emulator.ts';
import { checkRetryAfter, durationMs } from '../http/retry-after.ts';
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

const PIPE_ANY = ['busy', ...MALFORMED] as const;
const SHARE_ANY = ['503', '429', 'login-refused', ...MALFORMED] as const;

/** What a client can ask on the pipe, by the words by which it is noted, and which faults can be the answer. */
export const PIPE_ASKS = {
  hello: ['login-refused', ...MALFORMED],
  'lease-request': ['deny', ...PIPE_ANY],
  'lease-renew': PIPE_ANY,
  'lease-release': PIPE_ANY,
  'lease-checkout': ['deny', ...PIPE_ANY],
  'lease-checkin': PIPE_ANY,
  'callback-request': PIPE_ANY,
  configuration: PIPE_ANY,
} as const;

/** The same of the share. */
export const SHARE_ASKS = {
  probe: SHARE_ANY,
  'upload-offer': ['413', '507', 'nack', ...SHARE_ANY],
  configuration: SHARE_ANY,
} as const;

const DENIAL_REASONS: readonly DenialReason[] = ['no-seat', 'forbidden', 'no-permission'];
const DEFAULT_BUSY_MS = 10_000;

/** Returns what is wrong with the arguments of a fault of this dialect, or undefined. */
export function checkFault({ name, args }: AnswerFault): string | undefined {
  const { why, as, max, records } = args;
  if (name === 'deny' && why !== undefined && !isDenialReason(why))
    return `why=${why} is none of ${DENIAL_REASONS.join(', ')}`;
  if (name === 'nack' && as !== undefined && as !== 'refused' && as !== 'later')
    return `as=${as} is neither refused nor later`;
  const wrong = name === 'nack' ? undefined : checkRetryAfter({ name, args });
  if (wrong !== undefined) return wrong;
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
