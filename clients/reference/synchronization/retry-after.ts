import type { IncomingHttpHeaders } from 'node:http';

/**
 * How long a server wants to be left alone, milliseconds: the header Retry-After, seconds or a date (RFC 9110, section 10.2.3).
 * Undefined where it is absent or means nothing. A date counts from the server's own Date, so that its clock may be wrong.
 */
export function retryAfterMs(headers: IncomingHttpHeaders, wallMs: number): number | undefined {
  const value = headers['retry-after']?.trim();
  if (value === undefined) return undefined;
  if (/^\d{1,10}$/.test(value)) return Number(value) * 1000;
  const untilMs = httpDateMs(value);
  if (untilMs === undefined) return undefined;
  return Math.max(0, untilMs - (httpDateMs(headers.date) ?? wallMs));
}

/** Milliseconds since 1970 of `Mon, 01 Mar 1999 08:00:00 GMT`. */
function httpDateMs(text: string | undefined): number | undefined {
  if (text === undefined || !/^[A-Z][a-z]{2}, \d{2} [A-Z][a-z]{2} \d{4} .{8} GMT$/.test(text))
    return undefined;
  const dateMs = Date.parse(text);
  return Number.isNaN(dateMs) ? undefined : dateMs;
}
