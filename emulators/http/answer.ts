import type { IncomingHttpHeaders } from 'node:http';
import type { Note } from '../emulator.ts';

/** A whole HTTP request, as far as a face looks at it. */
export interface HttpRequest {
  readonly method: string;
  /** As it stands in the request line. */
  readonly target: string;
  readonly headers: IncomingHttpHeaders;
  /** Undefined: more than `MAX_BODY_BYTES`. */
  readonly body: Buffer | undefined;
}

export interface HttpAnswer {
  readonly status: number;
  /** Names in lower case; no `content-length`, no `date`. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  /** To be told before the answer leaves. */
  readonly notes: readonly Note[];
  /** Leaves as no client can read it: with a version that HTTP does not have, or with fewer bytes than it announces. */
  readonly malformed?: 'wrong-version' | 'wrong-length';
}

/** Largest body that is kept. */
export const MAX_BODY_BYTES = 1024 * 1024;
/** A larger body is read to its end, and answered; the connection of one beyond this is reset. */
export const MAX_DRAINED_BYTES = 16 * MAX_BODY_BYTES;

/** The server does what it is asked, but answers what HTTP does not allow, or what answers something else. */
export const MALFORMED_HTTP = ['wrong-version', 'wrong-length', 'unexpected'] as const;

/** What becomes of an answer when a fault of that name strikes it. */
export function malformed(said: HttpAnswer, fault: string): HttpAnswer {
  const notes: readonly Note[] = [...said.notes, { event: 'malformed', fields: { why: fault } }];
  if (fault === 'wrong-version' || fault === 'wrong-length')
    return { ...said, notes, malformed: fault };
  // As of a proxy that wants the user to log in first.
  return { status: 302, headers: { location: '/login' }, body: '', notes };
}

/** Path of a request target, without query, not decoded; undefined for what is no URL. */
export function pathOf(target: string): string | undefined {
  return URL.canParse(target, 'http://server')
    ? new URL(target, 'http://server').pathname
    : undefined;
}
