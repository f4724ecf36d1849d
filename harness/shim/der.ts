// The part of DER (ITU-T X.690) that a certificate is written in.

/** Tag, length, content. `tag` is the identifier octet. */
export function der(tag: number, ...contents: readonly Uint8Array[]): Buffer {
  const content = Buffer.concat(contents);
  return Buffer.concat([Uint8Array.of(tag, ...lengthOf(content.length)), content]);
}

/** X.690 §8.1.3: one octet below 128, else the number of octets and the octets. */
function lengthOf(length: number): readonly number[] {
  if (length < 0x80) return [length];
  const octets = unsigned(length);
  return [0x80 | octets.length, ...octets];
}

function unsigned(value: number): readonly number[] {
  return value < 0x100 ? [value] : [...unsigned(Math.floor(value / 0x100)), value % 0x100];
}

export const sequence = (...items: readonly Uint8Array[]): Buffer => der(0x30, ...items);
export const set = (...items: readonly Uint8Array[]): Buffer => der(0x31, ...items);
export const TRUE: Buffer = der(0x01, Uint8Array.of(0xff));
export const octets = (bytes: Uint8Array): Buffer => der(0x04, bytes);
export const utf8 = (text: string): Buffer => der(0x0c, Buffer.from(text));

/** A positive integer; its first octet is not 0. */
export const integer = (bytes: Uint8Array): Buffer =>
  der(0x02, Uint8Array.from(bytes[0]! >= 0x80 ? [0] : []), bytes);

/** `unused`: how many bits at the end do not count. */
export const bits = (bytes: Uint8Array, unused = 0): Buffer =>
  der(0x03, Uint8Array.of(unused), bytes);

/** `[n]`: `explicit` holds another value, else the content itself follows. */
export const tagged = (
  number: number,
  content: Uint8Array,
  kind: 'explicit' | 'implicit',
): Buffer => der((kind === 'explicit' ? 0xa0 : 0x80) | number, content);

/** `1.2.840.10045.4.3.2` */
export function objectId(text: string): Buffer {
  const [first, second, ...rest] = text.split('.').map(Number);
  const octetsOf = [first! * 40 + second!, ...rest].flatMap(inSevens);
  return der(0x06, Uint8Array.from(octetsOf));
}

/** X.690 §8.19.2: seven bits an octet, the high bit on all but the last. */
function inSevens(value: number): readonly number[] {
  const high: number[] = [];
  for (let left = Math.floor(value / 128); left > 0; left = Math.floor(left / 128))
    high.unshift(0x80 | (left % 128));
  return [...high, value % 128];
}

/** RFC 5280 §4.1.2.5: UTCTime from 1950 to 2049, GeneralizedTime before and after. Whole seconds. */
export function time(ms: number): Buffer {
  const text = new Date(ms).toISOString().replaceAll(/[-:T]|\.\d+/g, '');
  const year = new Date(ms).getUTCFullYear();
  return year >= 1950 && year < 2050
    ? der(0x17, Buffer.from(text.slice(2)))
    : der(0x18, Buffer.from(text));
}
