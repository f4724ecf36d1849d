import type { Note } from '../../emulator.ts';
import { retryAfterHeader, retryAfterSeconds } from '../../http/retry-after.ts';
import type { LicenseServer } from '../server/license-server.ts';

/** An answer fault of the share, in the terms of HTTP. */
export interface Refusal {
  readonly status: 401 | 429 | 503;
  readonly why: 'login-refused' | 'too-many-requests' | 'unavailable';
  readonly body: string;
  readonly headers: Readonly<Record<string, string>>;
  /** What the trace says besides the endpoint's own words. */
  readonly notes: readonly Note[];
  /** The seconds of `retry-after`, where that header is sent. */
  readonly fields: Readonly<Record<string, number>>;
}

/** The fault that is active on the share, or undefined. */
export function refusal(server: LicenseServer): Refusal | undefined {
  const fault = server.fault('share', ['503', '429', 'login-refused']);
  if (!fault) return undefined;
  if (fault.name === 'login-refused')
    return {
      status: 401,
      why: 'login-refused',
      body: 'the account is not allowed to log on\n',
      headers: { 'www-authenticate': 'Basic realm="LicMtr"' },
      notes: [{ event: 'login-refused' }],
      fields: {},
    };
  const seconds = retryAfterSeconds(fault);
  const header = retryAfterHeader(fault, server.wallMs());
  return {
    ...(fault.name === '429'
      ? { status: 429, why: 'too-many-requests', body: 'too many requests\n' }
      : { status: 503, why: 'unavailable', body: 'the server cannot answer now\n' }),
    headers: header === undefined ? {} : { 'retry-after': header },
    notes: [],
    fields: seconds === undefined ? {} : { 'retry-after': seconds },
  };
}
