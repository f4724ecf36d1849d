// The file of a recording. Each line is on its way to the disk before the bytes that it tells of go on to the other side: whatever
// becomes of this process, what a client or a server was given stands in the file.
import { closeSync, fsyncSync, openSync, writeSync } from 'node:fs';
import type { TraceEvent, TraceHeader } from '../trace/event.ts';
import { eventLine, headerLine } from '../trace/file.ts';

/** Lines that wait are written within a turn where they are more than that. */
const MAX_WAITING_CHARS = 1024 * 1024;

/** Where lines go. Throws when it can take no more; what it took before is whole. */
export interface Sink {
  write(text: string): void;
  close(): void;
}

/** An event whose bytes are valid during the call only. */
export type RawEvent = Omit<TraceEvent, 'bytes'> & { readonly raw?: Uint8Array | undefined };

export class CaptureWriter {
  readonly #sink: Sink;
  #waiting: string[] = [];
  #waitingChars = 0;
  #accounted = 0;
  #events = 0;
  /** Bytes of both sides that the lines on disk account for. */
  accountedBytes = 0;
  /** Events on disk. */
  events = 0;

  /** The first line is written at once. */
  constructor(sink: Sink, header: TraceHeader) {
    this.#sink = sink;
    sink.write(`${headerLine(header)}\n`);
  }

  /** Takes an event that stands for `accounts` bytes of the connection. Throws what the sink throws. */
  add({ raw, ...event }: RawEvent, accounts = 0): void {
    const line = lineOf(event, raw);
    this.#waiting.push(line);
    this.#waitingChars += line.length;
    this.#accounted += accounts;
    this.#events++;
    if (this.#waitingChars > MAX_WAITING_CHARS) this.flush();
  }

  /** Everything that was taken is on its way to the disk afterwards. */
  flush(): void {
    if (this.#waiting.length === 0) return;
    const text = this.#waiting.join('');
    this.#waiting = [];
    this.#waitingChars = 0;
    this.#sink.write(text);
    this.accountedBytes += this.#accounted;
    this.events += this.#events;
    this.#accounted = this.#events = 0;
  }

  /** Writes what waits, and closes the sink in any case. */
  close(): void {
    try {
      this.flush();
    } finally {
      this.#sink.close();
    }
  }
}

/** `eventLine`, without a look at each letter of the bytes. */
function lineOf(event: TraceEvent, raw: Uint8Array | undefined): string {
  const line = eventLine(event);
  if (raw === undefined) return `${line}\n`;
  const bytes = Buffer.from(raw.buffer, raw.byteOffset, raw.byteLength).toString('base64');
  return `${line.slice(0, -1)},"bytes":"${bytes}"}\n`;
}

/** A file of that path, written anew. Writing waits for the disk: while it does nothing is read from any socket. */
export function fileSink(path: string): Sink {
  const file = openSync(path, 'w', 0o600);
  return {
    write: (text) => {
      const bytes = Buffer.from(text);
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
