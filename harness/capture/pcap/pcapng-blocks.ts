import { ipv4Text, ipv6Text } from './address.ts';

/** Reads numbers in the byte order of a section. */
export interface Order {
  u16(buffer: Buffer, at: number): number;
  u32(buffer: Buffer, at: number): number;
}

const END_OF_OPTIONS = 0;
const IF_TSRESOL = 9;
const IF_TSOFFSET = 14;
const NAME_RECORD = { end: 0, ipv4: 1, ipv6: 2 } as const;
const NANOS_PER_SECOND = 1_000_000_000n;

/** An interface description block: link type, snap length, and how its packets tell the time. */
export class Interface {
  readonly link: number;
  readonly snapLength: number;
  #ticksPerSecond = 1_000_000n;
  #offsetSeconds = 0n;

  /** `body` has at least 8 bytes. */
  constructor(body: Buffer, order: Order) {
    this.link = order.u16(body, 0);
    // 0 is no limit.
    this.snapLength = order.u32(body, 4) || Infinity;
    for (const { code, value } of options(body, 8, order)) {
      if (code === IF_TSRESOL && value.length >= 1) this.#ticksPerSecond = resolution(value[0]!);
      if (code === IF_TSOFFSET && value.length >= 8) {
        const [first, second] = [BigInt(order.u32(value, 0)), BigInt(order.u32(value, 4))];
        const isLittle = order.u16(Buffer.of(1, 0), 0) === 1;
        const bits = isLittle ? (second << 32n) | first : (first << 32n) | second;
        this.#offsetSeconds = BigInt.asIntN(64, bits);
      }
    }
  }

  /** Nanoseconds since 1970. */
  nanoseconds(ticks: bigint): bigint {
    return (
      (ticks * NANOS_PER_SECOND) / this.#ticksPerSecond + this.#offsetSeconds * NANOS_PER_SECOND
    );
  }
}

/** Tells the names of a name resolution block; a damaged rest of it is left out. */
export function readNames(
  body: Buffer,
  order: Order,
  named: (address: string, name: string) => void,
): void {
  for (const { code, value } of options(body, 0, order)) {
    const addressBytes = code === NAME_RECORD.ipv4 ? 4 : code === NAME_RECORD.ipv6 ? 16 : undefined;
    if (addressBytes === undefined || value.length <= addressBytes) continue;
    const address =
      addressBytes === 4 ? ipv4Text(value.readUInt32BE(0)) : ipv6Text(value.subarray(0, 16));
    const [name = ''] = value.toString('utf8', addressBytes).split('\0', 1);
    if (name !== '') named(address, name);
  }
}

/** Options and name records are alike: code, length, value, padding to four bytes; 0 ends them. */
function* options(
  body: Buffer,
  from: number,
  order: Order,
): Generator<{ readonly code: number; readonly value: Buffer }> {
  for (let at = from; at + 4 <= body.length;) {
    const code = order.u16(body, at);
    const length = order.u16(body, at + 2);
    if (code === END_OF_OPTIONS || at + 4 + length > body.length) return;
    yield { code, value: body.subarray(at + 4, at + 4 + length) };
    at += 4 + Math.ceil(length / 4) * 4;
  }
}

/** The highest bit tells powers of two from powers of ten. */
function resolution(value: number): bigint {
  const exponent = BigInt(value & 0x7f);
  return value & 0x80 ? 1n << exponent : 10n ** exponent;
}
