// The server's end of TLS, above the faults: what they delay, cut and garble is the ciphertext.
import { createSecureContext, TLSSocket } from 'node:tls';
import type { Host } from '../../emulators/emulator.ts';
import type { TestAuthority } from './test-authority.ts';

/** Names by which a client may know a server: addresses, or letters, digits, dots and hyphens. */
export type Names = readonly [string, ...string[]];

/**
 * Ends TLS for one server. The result gives the plaintext of an accepted connection. Where TLS fails the accepted stream is
 * ended behind the alert; where the accepted stream is gone, so is the plaintext. What leaves before the first plaintext of
 * the server can is TLS's own.
 */
export function terminator(authority: TestAuthority, names: Names): NonNullable<Host['terminate']> {
  const secureContext = createSecureContext(authority.identify(names));
  return (connection) => {
    const { stream } = connection;
    const plaintext = new TLSSocket(stream, { isServer: true, secureContext });
    // A server that speaks first has written before the handshake is done: its bytes wait for that.
    let isSecure = false;
    plaintext.on('secure', () => (isSecure = true));
    connection.ownBytes?.(() => !isSecure || plaintext.bytesWritten === 0);
    // An error is told by the `close` that follows it.
    plaintext.on('error', () => {});
    plaintext.on('close', () => stream.end(() => stream.destroy()));
    stream.on('close', () => plaintext.destroy());
    return plaintext;
  };
}
