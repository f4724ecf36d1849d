// Answer faults of relay: what a case can make the server answer, whatever it would have decided. There is no
// login-refused: nobody logs in.
import type { AnswerFault } from '../emulator.ts';
import { MALFORMED_HTTP } from '../http/answer.ts';
import { checkRetryAfter, retryAfterHeader, retryAfterSeconds } from '../http/retry-after.ts';

/** Names of the faults and the arguments that each takes. */
export const RELAY_FAULTS = {
  /** 410 to whoever holds nothing. */
  deny: [],
  /** 409: of a server that extends no lease, or that knows the node in another pool. */
  conflict: [],
  /** 400: of a server that does not know the pool. */
  'bad-pool': [],
  /** 503 with Retry-After; retry-after: a duration, default 10s. */
  busy: ['retry-after'],
  /** retry-after: a duration, sent in whole seconds, or as=date; without it there is no such header. */
  '503': ['retry-after', 'as'],
  /** Signed with another key, as by one who poses as the server. */
  'wrong-signature': [],
  'wrong-version': [],
  'wrong-length': [],
  unexpected: [],
} as const;

const ANY = ['busy', '503', 'wrong-signature', ...MALFORMED_HTTP] as const;

/** What a client can ask, by the words by which it is noted, and which faults can be the answer. */
export const RELAY_ASKS = {
  probe: ANY,
  'lease-request': ['deny', 'conflict', 'bad-pool', ...ANY],
  'lease-renew': ['conflict', 'bad-pool', ...ANY],
  'lease-release': ['bad-pool', ...ANY],
} as const;

const DEFAULT_BUSY = '10s';

/** Returns what is wrong with the arguments of a fault of this dialect, or undefined. */
export function checkFault(fault: AnswerFault): string | undefined {
  return checkRetryAfter(fault);
}

/** For how many seconds an unavailable server asks to be left alone, and how it says so; undefined: it does not. */
export function silence(
  { name, args }: AnswerFault,
  wallMs: number,
): { readonly seconds: number; readonly header: string } | undefined {
  const named = name === 'busy' ? { 'retry-after': DEFAULT_BUSY, ...args } : args;
  const seconds = retryAfterSeconds({ name, args: named });
  const header = retryAfterHeader({ name, args: named }, wallMs);
  return seconds === undefined || header === undefined ? undefined : { seconds, header };
}
