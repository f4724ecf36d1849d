// The server's end of TLS, above the faults: what they delay, cut and garble is the ciphertext.
import type { Duplex } from 'node:stream';
import { createSecureContext, TLSSocket } from 'node:tls';
import type { TestAuthority } from './test-authority.ts';

/** Names by which a client may know a server: addresses, or letters, digits, dots and hyphens. */
export type Names = readonly [string, ...string[]];

/**
 * Ends TLS for one server. The result gives the plaintext of an accepted stream. Where TLS fails the accepted stream is
 * ended behind the alert; where the accepted stream is gone, so is the plaintext.
 */
export function terminator(authority: TestAuthority, names: Names): (stream: Duplex) => Duplex {
  const secureContext = createSecureContext(authority.identify(names));
  return (stream) => {
    const plaintext = new TLSSocket(stream, { isServer: true, secureContext });
    // An error is told by the `close` that follows it.
    plaintext.on('error', () => {});
    plaintext.on('close', () => stream.end(() => stream.destroy()));
    stream.on('close', () => plaintext.destroy());
    return plaintext;
  };
}
