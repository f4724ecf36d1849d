import type { Note } from '../../emulator.ts';
import type { HttpAnswer } from '../../http/answer.ts';
import type { LicenseServer } from '../server/license-server.ts';

/** A whole HTTP request, as far as the share looks at it. */
export interface ShareRequest {
  readonly method: string;
  /** Path without query, not decoded. */
  readonly path: string;
  /** Undefined: more than `MAX_BODY_BYTES`; a larger log is answered with 413. */
  readonly body: Buffer | undefined;
}

/** Answers one request; `rest` is the part of the path that the route leaves open. */
export type Endpoint = (server: LicenseServer, request: ShareRequest, rest: string) => HttpAnswer;

export function answer(
  status: number,
  body: string,
  notes: readonly Note[],
  headers: Readonly<Record<string, string>> = {},
): HttpAnswer {
  return {
    status,
    body,
    notes,
    headers: { 'content-type': 'text/plain; charset=utf-8', ...headers },
  };
}
