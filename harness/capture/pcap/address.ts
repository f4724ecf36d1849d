/** Addresses as texts are asked for once a packet: they are kept, up to a bound. */
const MAX_KEPT = 65_536;
const ipv4Texts = new Map<number, string>();
const ipv6Texts = new Map<string, string>();

/** `10.0.0.1` */
export function ipv4Text(address: number): string {
  const kept = ipv4Texts.get(address);
  if (kept !== undefined) return kept;
  const text = [24, 16, 8, 0].map((shift) => (address >>> shift) & 0xff).join('.');
  return keep(ipv4Texts, address, text);
}

/** As RFC 5952 writes it: `fe80::1`. */
export function ipv6Text(address: Buffer): string {
  const key = address.toString('latin1');
  const kept = ipv6Texts.get(key);
  if (kept !== undefined) return kept;
  const groups = Array.from({ length: 8 }, (_, index) => address.readUInt16BE(2 * index));
  return keep(ipv6Texts, key, canonicalIpv6(groups.map((group) => group.toString(16)).join(':')));
}

/** A literal in its canonical form; undefined for what is no IPv6 address. */
export function canonicalIpv6(text: string): string;
export function canonicalIpv6(text: string): string | undefined {
  return URL.canParse(`http://[${text}]`)
    ? new URL(`http://[${text}]`).hostname.slice(1, -1)
    : undefined;
}

/** `10.0.0.1:7230`, `[fe80::1]:7230` */
export function endpointText(address: string, port: number): string {
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
}

function keep<K>(texts: Map<K, string>, key: K, text: string): string {
  if (texts.size >= MAX_KEPT) texts.clear();
  texts.set(key, text);
  return text;
}
