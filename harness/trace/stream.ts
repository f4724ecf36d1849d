// A trace file as it is gone through: one line is in memory at a time, so that a recording of gigabytes can be read.
import { open } from 'node:fs/promises';
import type { TraceEvent, TraceHeader } from './event.ts';
import { MAX_LINE_BYTES, TraceLines } from './lines.ts';

const READ_BYTES = 256 * 1024;
const NEWLINE = 0x0a;

/** A trace on disk. Its header is read; its events are read anew each time that somebody goes through them. */
export class TraceStream {
  readonly header: TraceHeader;
  readonly #path: string;
  readonly #shown: string;
  #cutOff = false;
  #eventCount = 0;

  private constructor(path: string, shown: string, header: TraceHeader) {
    this.#path = path;
    this.#shown = shown;
    this.header = header;
  }

  /** `shown`: what messages call the file. Rejects with a `TraceFileError` for what is no trace, or with what opening it says. */
  static async open(path: string, shown: string): Promise<TraceStream> {
    const lines = new TraceLines(shown);
    for await (const text of textsOf(path, lines)) {
      if (text.isWhole) lines.next(text.line);
      break;
    }
    return new TraceStream(path, shown, lines.header);
  }

  /** Once all events were gone through: the file ended with a line that is not whole, and that was left out. */
  get cutOff(): boolean {
    return this.#cutOff;
  }

  /** As many as the last way through has met. */
  get eventCount(): number {
    return this.#eventCount;
  }

  /** In their order. Throws a `TraceFileError` at the line that belongs to no trace. */
  async *events(): AsyncGenerator<TraceEvent, void, undefined> {
    const lines = new TraceLines(this.#shown);
    let unfinished = '';
    this.#eventCount = 0;
    for await (const { line, isWhole } of textsOf(this.#path, lines)) {
      const event = isWhole ? lines.next(line) : undefined;
      if (event) {
        this.#eventCount++;
        yield event;
      }
      if (!isWhole) unfinished = line;
    }
    const { event, cutOff } = lines.end(unfinished);
    this.#cutOff = cutOff;
    if (!event) return;
    this.#eventCount++;
    yield event;
  }
}

interface Text {
  readonly line: string;
  /** Its newline was there. */
  readonly isWhole: boolean;
}

async function* textsOf(path: string, lines: TraceLines): AsyncGenerator<Text, void, undefined> {
  const file = await open(path, 'r');
  try {
    const buffer = Buffer.alloc(READ_BYTES);
    let held: Buffer[] = [];
    let heldBytes = 0;
    for (;;) {
      const { bytesRead } = await file.read(buffer, 0, READ_BYTES, null);
      if (bytesRead === 0) break;
      const piece = buffer.subarray(0, bytesRead);
      let from = 0;
      for (let to = piece.indexOf(NEWLINE); to >= 0; to = piece.indexOf(NEWLINE, from)) {
        const rest = piece.subarray(from, to);
        const line = held.length > 0 ? Buffer.concat([...held, rest]) : rest;
        yield { line: line.toString('utf8'), isWhole: true };
        held = [];
        heldBytes = 0;
        from = to + 1;
      }
      // The buffer is read into again.
      if (from < bytesRead) held.push(Buffer.from(piece.subarray(from)));
      heldBytes += bytesRead - from;
      if (heldBytes > MAX_LINE_BYTES) throw lines.tooLong();
    }
    if (heldBytes > 0) yield { line: Buffer.concat(held).toString('utf8'), isWhole: false };
  } finally {
    await file.close();
  }
}
