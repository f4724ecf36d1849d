// One way to write an address that can be written in several.
import { isIP } from 'node:net';

/**
 * IPv4 in IPv6 is IPv4, what stands for no address in particular is this machine, and `::1` has one form. Other addresses, and
 * what is none, stay as they are.
 */
export function plainAddress(text: string): string {
  if (text === '0.0.0.0') return '127.0.0.1';
  const [bare = ''] = text.split('%');
  if (isIP(bare) !== 6) return text;
  const octets = octetsOfIPv6(bare);
  if (octets.subarray(0, 10).every((octet) => octet === 0)) {
    if (octets[10] === 0xff && octets[11] === 0xff) return octets.subarray(12).join('.');
    // RFC 4291 §2.5.2, §2.5.3. Linux takes the unspecified address for the loopback one.
    if (octets.subarray(10, 15).every((octet) => octet === 0) && octets[15]! <= 1) return '::1';
  }
  return text;
}

/** At which addresses of loopback a listener is found that is bound to this one. */
export function boundAddresses(text: string): readonly string[] {
  return text === '::' ? ['127.0.0.1', '::1'] : [plainAddress(text)];
}

/** The 16 octets of an address (RFC 4291 §2.2). */
export function octetsOfIPv6(text: string): Buffer {
  const four = /(?<=:)\d+\.\d+\.\d+\.\d+$/;
  const groups = text.replace(four, (last) => {
    const [a, b, c, d] = last.split('.').map(Number) as [number, number, number, number];
    return `${(a * 256 + b).toString(16)}:${(c * 256 + d).toString(16)}`;
  });
  const [head = [], tail = []] = groups
    .split('::')
    .map((half) => half.split(':').filter((group) => group !== ''));
  const zeros = Array<string>(8 - head.length - tail.length).fill('0');
  return Buffer.from(
    [...head, ...zeros, ...tail].map((group) => group.padStart(4, '0')).join(''),
    'hex',
  );
}
