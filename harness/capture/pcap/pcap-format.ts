// pcap, draft-ietf-opsawg-pcap: a header of 24 bytes, then records of 16 bytes and a packet.
import { MAX_PACKET_BYTES, type Format, type Step } from './packet.ts';
import type { Problems } from './problems.ts';

export const PCAP_HEADER_BYTES = 24;
const RECORD_BYTES = 16;
const MAGICS: Readonly<Record<number, 'us' | 'ns'>> = { 0xa1b2c3d4: 'us', 0xa1b23c4d: 'ns' };

/** The format, when `header` begins one; `header` has at least 24 bytes. */
export function pcapFormat(header: Buffer, problems: Problems): Format | undefined {
  const isLittle = MAGICS[header.readUInt32LE(0)] !== undefined;
  const unit = MAGICS[isLittle ? header.readUInt32LE(0) : header.readUInt32BE(0)];
  if (unit === undefined) return undefined;
  return new PcapFormat(header, isLittle, unit === 'us' ? 1000n : 1n, problems);
}

class PcapFormat implements Format {
  readonly #isLittle: boolean;
  readonly #unitNs: bigint;
  readonly #link: number;
  readonly #problems: Problems;
  #sawHeader = false;

  constructor(header: Buffer, isLittle: boolean, unitNs: bigint, problems: Problems) {
    this.#isLittle = isLittle;
    this.#unitNs = unitNs;
    this.#problems = problems;
    // The upper bits tell of checksums behind each frame.
    this.#link = this.#u32(header, 20) & 0xffff;
    const major = isLittle ? header.readUInt16LE(4) : header.readUInt16BE(4);
    if (major !== 2) problems.add('version', 4, `pcap version ${major}, read as version 2`);
  }

  next(buffer: Buffer, from: number, offset: number, isLast: boolean): Step {
    if (!this.#sawHeader) {
      this.#sawHeader = true;
      return { kind: 'used', bytes: PCAP_HEADER_BYTES };
    }
    const available = buffer.length - from;
    if (available < RECORD_BYTES) return this.#short(RECORD_BYTES, available, offset, isLast);
    const length = this.#u32(buffer, from + 8);
    const wireLength = this.#u32(buffer, from + 12);
    if (length > MAX_PACKET_BYTES) {
      this.#problems.add(
        'length',
        offset + 8,
        `a packet of ${length} bytes, more than any capture has: the rest of the file is not read`,
      );
      return { kind: 'stop' };
    }
    if (available < RECORD_BYTES + length)
      return this.#short(RECORD_BYTES + length, available, offset, isLast);
    const start = from + RECORD_BYTES;
    const packet = {
      timeNs:
        BigInt(this.#u32(buffer, from)) * 1_000_000_000n +
        BigInt(this.#u32(buffer, from + 4)) * this.#unitNs,
      link: this.#link,
      bytes: buffer.subarray(start, start + length),
      wireLength: Math.max(wireLength, length),
      offset,
    };
    return { kind: 'used', bytes: RECORD_BYTES + length, packet };
  }

  #short(needed: number, available: number, offset: number, isLast: boolean): Step {
    if (!isLast) return { kind: 'more', bytes: needed };
    if (available > 0)
      this.#problems.add(
        'truncated',
        offset,
        `the file ends within a packet: ${available} of ${needed} bytes are there`,
      );
    return { kind: 'stop' };
  }

  #u32(buffer: Buffer, at: number): number {
    return this.#isLittle ? buffer.readUInt32LE(at) : buffer.readUInt32BE(at);
  }
}
