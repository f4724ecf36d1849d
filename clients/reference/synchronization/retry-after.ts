import type { IncomingHttpHeaders } from 'node:http';
import { NO_BUGS, type Bugs } from '../bugs.ts';

/**
 * How long a server wants to be left alone, milliseconds: the header Retry-After, seconds or a date (RFC 9110, section 10.2.3).
 * Undefined where it is absent or means nothing. A date counts from the server's own Date, so that its clock may be wrong.
 */
export function retryAfterMs(
  headers: IncomingHttpHeaders,
  wallMs: number,
  bugs: Bugs = NO_BUGS,
): number | undefined {
  const value = headers['retry-after']?.trim();
  if (value === undefined) return undefined;
  if (/^\d{1,10}$/.test(value)) return Number(value) * (bugs.has('retry-after-in-ms') ? 1 : 1000);
  if (bugs.has('retry-after-date-ignored')) return undefined;
  const untilMs = httpDateMs(value);
  if (untilMs === undefined) return undefined;
  const serverMs = bugs.has('retry-after-by-own-clock') ? undefined : httpDateMs(headers.date);
  return Math.max(0, untilMs - (serverMs ?? wallMs));
}

/** Milliseconds since 1970 of `Mon, 01 Mar 1999 08:00:00 GMT`. */
function httpDateMs(text: string | undefined): number | undefined {
  if (text === undefined || !/^[A-Z][a-z]{2}, \d{2} [A-Z][a-z]{2} \d{4} .{8} GMT$/.test(text))
    return undefined;
  const dateMs = Date.parse(text);
  return Number.isNaN(dateMs) ? undefined : dateMs;
}
