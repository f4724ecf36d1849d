// A capture file as packets, in whatever pieces the file is read.
import type { CapturedPacket, Format } from './packet.ts';
import { PCAP_HEADER_BYTES, pcapFormat } from './pcap-format.ts';
import { BLOCK, PcapngFormat } from './pcapng-format.ts';
import { CaptureError, type Problems } from './problems.ts';

export interface PacketFileOptions {
  /** As messages call it. */
  readonly file: string;
  readonly problems: Problems;
  /** Called for each name that the capture gives to an address. */
  readonly named?: (address: string, name: string) => void;
}

/** Cuts a file into packets, whatever its pieces. Holds at most one unfinished packet or block. */
export class PacketFile {
  readonly #options: PacketFileOptions;
  #held: Buffer = Buffer.alloc(0);
  #offset = 0;
  #format: Format | undefined;
  #needed = 0;
  #stopped = false;

  constructor(options: PacketFileOptions) {
    this.#options = options;
  }

  /** Nothing that follows is of use. */
  get stopped(): boolean {
    return this.#stopped;
  }

  /**
   * The packets that are whole with this piece, and valid until the next call. `isLast`: no other piece follows.
   * Throws a CaptureError for what is no capture.
   */
  *push(piece: Buffer, isLast = false): Generator<CapturedPacket> {
    if (this.#stopped) return;
    const buffer = this.#held.length > 0 ? Buffer.concat([this.#held, piece]) : piece;
    let from = 0;
    if (buffer.length < this.#needed && !isLast) {
      this.#held = buffer;
      return;
    }
    this.#format ??= this.#detect(buffer, isLast);
    while (this.#format && !this.#stopped) {
      const step = this.#format.next(buffer, from, this.#offset, isLast);
      if (step.kind === 'more') {
        this.#needed = step.bytes;
        break;
      }
      if (step.kind === 'stop') this.#stopped = true;
      else {
        from += step.bytes;
        this.#offset += step.bytes;
        if (step.packet) yield step.packet;
      }
    }
    this.#held = this.#stopped ? Buffer.alloc(0) : Buffer.from(buffer.subarray(from));
  }

  #detect(buffer: Buffer, isLast: boolean): Format | undefined {
    const { file, problems, named } = this.#options;
    if (buffer.length < PCAP_HEADER_BYTES && !isLast) {
      this.#needed = PCAP_HEADER_BYTES;
      return undefined;
    }
    if (buffer.length === 0) throw new CaptureError(`${file}: at byte 0: the file is empty`);
    if (buffer.length >= PCAP_HEADER_BYTES) {
      if (buffer.readUInt32BE(0) === BLOCK.section)
        return new PcapngFormat(problems, named ?? (() => {}));
      const format = pcapFormat(buffer, problems);
      if (format) return format;
    }
    throw new CaptureError(`${file}: at byte 0: ${whatItIs(buffer)}; pcap and pcapng are read`);
  }
}

function whatItIs(head: Buffer): string {
  if (head.length < PCAP_HEADER_BYTES)
    return `the file ends after ${head.length} bytes, within its header`;
  const magic = head.toString('hex', 0, 4);
  if (magic.startsWith('1f8b')) return 'a gzip file: unpack it first (gunzip)';
  if (magic === '28b52ffd') return 'a zstd file: unpack it first (unzstd)';
  if (head.toString('latin1', 0, 1) === '{') return 'this looks like JSON, perhaps a trace already';
  return `no capture begins with ${magic}`;
}
