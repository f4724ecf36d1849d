import { createHmac } from 'node:crypto';

/** The secret that every emulated relay shares with its clients. Made for tests: it protects nothing. */
export const TEST_SECRET = 'meterproof-test-secret';
/** The fault `wrong-signature` signs with this one. */
export const OTHER_SECRET = 'meterproof-other-secret';

/** The value of `Relay-Signature`: HMAC-SHA256 in hexadecimal over the time, a dot and the body. `t`: seconds since 1970. */
export function signatureOf(t: number, body: string, secret: string): string {
  const v1 = createHmac('sha256', secret).update(`${t}.${body}`).digest('hex');
  return `t=${t},v1=${v1}`;
}
