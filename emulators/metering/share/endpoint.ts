import type { Note } from '../../emulator.ts';
import type { LicenseServer } from '../server/license-server.ts';

/** A whole HTTP request, as far as the share looks at it. */
export interface ShareRequest {
  readonly method: string;
  /** Path without query, not decoded. */
  readonly path: string;
  /** Undefined: more than `MAX_BODY_BYTES`. */
  readonly body: Buffer | undefined;
}

export interface ShareAnswer {
  readonly status: number;
  /** Names in lower case; no `content-length`, no `date`. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  /** To be told before the answer leaves. */
  readonly notes: readonly Note[];
  /** Leaves as no client can read it: with a version that HTTP does not have, or with fewer bytes than it announces. */
  readonly malformed?: 'wrong-version' | 'wrong-length';
}

/** Answers one request; `rest` is the part of the path that the route leaves open. */
export type Endpoint = (server: LicenseServer, request: ShareRequest, rest: string) => ShareAnswer;

/** Largest body that is read; a larger log is answered with 413. */
export const MAX_BODY_BYTES = 1024 * 1024;

export function answer(
  status: number,
  body: string,
  notes: readonly Note[],
  headers: Readonly<Record<string, string>> = {},
): ShareAnswer {
  return {
    status,
    body,
    notes,
    headers: { 'content-type': 'text/plain; charset=utf-8', ...headers },
  };
}
