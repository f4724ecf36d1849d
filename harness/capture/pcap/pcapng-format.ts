// pcapng, draft-ietf-opsawg-pcapng: blocks of type, length, body and the length again.
import { Interface, readNames, type Order } from './pcapng-blocks.ts';
import { MAX_PACKET_BYTES, type CapturedPacket, type Format, type Step } from './packet.ts';
import type { Problems } from './problems.ts';

export const BLOCK = {
  section: 0x0a0d0d0a,
  interface: 1,
  packet: 2,
  simple: 3,
  names: 4,
  enhanced: 6,
} as const;
export const BYTE_ORDER_MAGIC = 0x1a2b3c4d;
const SWAPPED_MAGIC = 0x4d3c2b1a;
const MIN_BLOCK_BYTES = 12;
/** Wireshark's bound, too. */
const MAX_BLOCK_BYTES = 16 * 1024 * 1024;
const MAX_INTERFACES = 65_536;
/** After a block that lies, the next good one is looked for; it may be that long. */
const MAX_RESUME_BYTES = MAX_PACKET_BYTES + 4096;
/** Types that a search stops at. Their length stands at both ends, which tells them from packet data. */
const RESUMABLE: ReadonlySet<number> = new Set(Object.values(BLOCK));

export class PcapngFormat implements Format {
  readonly #problems: Problems;
  /** Called for each name that the capture gives to an address. */
  readonly #named: (address: string, name: string) => void;
  #isLittle = true;
  #interfaces: Interface[] = [];
  #searching = false;

  constructor(problems: Problems, named: (address: string, name: string) => void) {
    this.#problems = problems;
    this.#named = named;
  }

  next(buffer: Buffer, from: number, offset: number, isLast: boolean): Step {
    if (this.#searching) return this.#search(buffer, from, offset, isLast);
    const available = buffer.length - from;
    if (available < MIN_BLOCK_BYTES) return this.#short(MIN_BLOCK_BYTES, available, offset, isLast);
    const type = this.#u32(buffer, from);
    if (type === BLOCK.section && !this.#beginSection(buffer, from)) {
      const order = buffer.toString('hex', from + 8, from + 12);
      return this.#lies(offset + 8, `a section with the byte order ${order}, which is none`);
    }
    const length = this.#u32(buffer, from + 4);
    if (length < MIN_BLOCK_BYTES || length % 4 !== 0)
      return this.#lies(offset + 4, `a block of ${length} bytes, which no block can have`);
    if (length > MAX_BLOCK_BYTES)
      return this.#lies(offset + 4, `a block of ${length} bytes, more than any capture has`);
    if (available < length) return this.#short(length, available, offset, isLast);
    const again = this.#u32(buffer, from + length - 4);
    if (again !== length)
      return this.#lies(
        offset + 4,
        `a block says that it has ${length} bytes, and at its end ${again}`,
      );
    const packet = this.#block(type, buffer.subarray(from + 8, from + length - 4), offset);
    return { kind: 'used', bytes: length, ...(packet && { packet }) };
  }

  #block(type: number, body: Buffer, offset: number): CapturedPacket | undefined {
    switch (type) {
      case BLOCK.section:
        this.#interfaces = [];
        return undefined;
      case BLOCK.interface:
        if (body.length >= 8 && this.#interfaces.length < MAX_INTERFACES)
          this.#interfaces.push(new Interface(body, this.#order));
        return undefined;
      case BLOCK.names:
        readNames(body, this.#order, this.#named);
        return undefined;
      case BLOCK.enhanced:
        return body.length < 20 ? undefined : this.#packet(body, this.#u32(body, 0), offset);
      case BLOCK.packet:
        return body.length < 20 ? undefined : this.#packet(body, this.#u16(body, 0), offset);
      case BLOCK.simple:
        return body.length < 4 ? undefined : this.#simple(body, offset);
      default:
        return undefined;
    }
  }

  #packet(body: Buffer, number: number, offset: number): CapturedPacket | undefined {
    const from = this.#interfaces[number];
    if (!from) {
      this.#problems.add('interface', offset, `a packet of interface ${number}, which is unknown`);
      return undefined;
    }
    const ticks = (BigInt(this.#u32(body, 4)) << 32n) | BigInt(this.#u32(body, 8));
    const said = this.#u32(body, 12);
    const length = Math.min(said, body.length - 20, MAX_PACKET_BYTES);
    if (said > length)
      this.#problems.add(
        'packet-length',
        offset + 20,
        `a packet of ${said} bytes in a block that has room for ${length}: what is there is used`,
      );
    return {
      timeNs: from.nanoseconds(ticks),
      link: from.link,
      bytes: body.subarray(20, 20 + length),
      wireLength: Math.max(this.#u32(body, 16), length),
      offset,
    };
  }

  /** Has no time, and is of the first interface. */
  #simple(body: Buffer, offset: number): CapturedPacket | undefined {
    const [first] = this.#interfaces;
    if (!first) return undefined;
    const wireLength = this.#u32(body, 0);
    const length = Math.min(wireLength, first.snapLength, body.length - 4, MAX_PACKET_BYTES);
    const bytes = body.subarray(4, 4 + length);
    return { timeNs: undefined, link: first.link, bytes, wireLength, offset };
  }

  #lies(offset: number, what: string): Step {
    this.#problems.add('block', offset, `${what}: skipped to the next good block`);
    this.#searching = true;
    return { kind: 'used', bytes: 4 };
  }

  #search(buffer: Buffer, from: number, offset: number, isLast: boolean): Step {
    const end = isLast ? buffer.length - MIN_BLOCK_BYTES : buffer.length - MAX_RESUME_BYTES;
    // Blocks are aligned to four bytes from the beginning of the file.
    let at = from + ((4 - (offset % 4)) % 4);
    for (; at <= end; at += 4) {
      if (!this.#looksGood(buffer, at)) continue;
      this.#searching = false;
      return { kind: 'used', bytes: at - from };
    }
    if (!isLast && at === from) return { kind: 'more', bytes: MAX_RESUME_BYTES };
    return isLast ? { kind: 'stop' } : { kind: 'used', bytes: at - from };
  }

  #looksGood(buffer: Buffer, at: number): boolean {
    const type = this.#u32(buffer, at);
    if (!RESUMABLE.has(type)) return false;
    const length = this.#u32(buffer, at + 4);
    if (length < MIN_BLOCK_BYTES || length > MAX_RESUME_BYTES || length % 4 !== 0) return false;
    return at + length <= buffer.length && this.#u32(buffer, at + length - 4) === length;
  }

  #short(needed: number, available: number, offset: number, isLast: boolean): Step {
    if (!isLast) return { kind: 'more', bytes: needed };
    if (available > 0)
      this.#problems.add(
        'truncated',
        offset,
        `the file ends within a block: ${available} of ${needed} bytes are there`,
      );
    return { kind: 'stop' };
  }

  #beginSection(buffer: Buffer, from: number): boolean {
    const magic = buffer.readUInt32LE(from + 8);
    if (magic !== BYTE_ORDER_MAGIC && magic !== SWAPPED_MAGIC) return false;
    this.#isLittle = magic === BYTE_ORDER_MAGIC;
    return true;
  }

  get #order(): Order {
    return {
      u16: (buffer, at) => this.#u16(buffer, at),
      u32: (buffer, at) => this.#u32(buffer, at),
    };
  }

  #u16(buffer: Buffer, at: number): number {
    return this.#isLittle ? buffer.readUInt16LE(at) : buffer.readUInt16BE(at);
  }

  #u32(buffer: Buffer, at: number): number {
    return this.#isLittle ? buffer.readUInt32LE(at) : buffer.readUInt32BE(at);
  }
}
