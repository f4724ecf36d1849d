/** `tls` for bytes that begin a TLS record (RFC 8446 §5.1: content type, version 3.x, length); undefined for any other. */
export function cipherOf(bytes: Uint8Array): 'tls' | undefined {
  const [type = 0, major, minor = 255] = bytes;
  return type >= 0x14 && type <= 0x17 && major === 3 && minor <= 4 ? 'tls' : undefined;
}
