// The file of a running recording. Bytes are on their way to the other side when they come here: what counts is to be quick.
import { closeSync, fsyncSync, openSync, writeSync } from 'node:fs';
import { HEAD_BYTES, KIND, type Kind, MAX_PAYLOAD_BYTES, type Preamble } from './raw-format.ts';

/** What waits for the disk at most, and what one write takes at most. */
const CAPACITY_BYTES = 2 * MAX_PAYLOAD_BYTES;

/** Where bytes go. `write` throws when it cannot take them all; those that it took do not count then. */
export interface Sink {
  write(bytes: Uint8Array): void;
  close(): void;
}

export class RawWriter {
  readonly #sink: Sink;
  readonly #bytes = Buffer.allocUnsafeSlow(CAPACITY_BYTES);
  readonly #view = new DataView(this.#bytes.buffer);
  #end = 0;
  #waitingBytes = 0;
  /** Bytes of both sides that stand in the file. */
  writtenBytes = 0;

  /** The first line is written at once. */
  constructor(sink: Sink, preamble: Preamble) {
    this.#sink = sink;
    sink.write(Buffer.from(`${JSON.stringify(preamble)}\n`));
  }

  /** Of an attempt or a new connection: where it came from. */
  attempt(kind: Kind, conn: number, face: number, atNs: number, from: string): void {
    const text = Buffer.from(from);
    this.#head(kind, conn, face, atNs, text.length);
    this.#copy(text);
  }

  data(from: 'client' | 'server', conn: number, atNs: number, bytes: Uint8Array): void {
    this.#head(from === 'client' ? KIND.received : KIND.sent, conn, 0, atNs, bytes.length);
    this.#copy(bytes);
    this.#waitingBytes += bytes.length;
  }

  /** The bytes themselves are not kept. */
  length(from: 'client' | 'server', conn: number, atNs: number, length: number): void {
    this.#head(from === 'client' ? KIND.receivedLength : KIND.sentLength, conn, 0, atNs, 4);
    this.#view.setUint32(this.#end, length, true);
    this.#end += 4;
    this.#waitingBytes += length;
  }

  over(kind: Kind, conn: number, atNs: number): void {
    this.#head(kind, conn, 0, atNs, 0);
  }

  /** Everything that was taken is with the system afterwards. Throws what the sink throws. */
  flush(): void {
    if (this.#end === 0) return;
    const bytes = this.#bytes.subarray(0, this.#end);
    const waitingBytes = this.#waitingBytes;
    this.#end = this.#waitingBytes = 0;
    this.#sink.write(bytes);
    this.writtenBytes += waitingBytes;
  }

  /** Writes what waits, and closes the sink in any case. */
  close(): void {
    try {
      this.flush();
    } finally {
      this.#sink.close();
    }
  }

  #head(kind: Kind, conn: number, face: number, atNs: number, length: number): void {
    if (length > MAX_PAYLOAD_BYTES) throw new RangeError(`${length} bytes in one record`);
    if (this.#end + HEAD_BYTES + length > CAPACITY_BYTES) this.flush();
    const at = this.#end;
    const view = this.#view;
    view.setUint32(at, length, true);
    view.setUint32(at + 4, conn, true);
    view.setFloat64(at + 8, atNs, true);
    view.setUint32(at + 16, kind + 256 * face, true);
    this.#end = at + HEAD_BYTES;
  }

  #copy(bytes: Uint8Array): void {
    this.#bytes.set(bytes, this.#end);
    this.#end += bytes.length;
  }
}

/**
 * A new file that its user alone may read; a pipe that stands there is taken as it is. Writing waits for the disk: while it does
 * nothing is read from any socket.
 */
export function fileSink(path: string, flags: 'w' | 'wx' = 'wx'): Sink {
  const file = openSync(path, flags, 0o600);
  return {
    write: (bytes) => {
      for (let at = 0; at < bytes.length;) at += writeSync(file, bytes, at);
    },
    close: () => {
      try {
        fsyncSync(file);
      } catch {
        // A pipe cannot be synchronised.
      } finally {
        closeSync(file);
      }
    },
  };
}
