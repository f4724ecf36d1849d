import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { join } from 'node:path';
import { MAX_OUTPUT_BYTES, type ProcessListener } from './process.ts';

const CHUNK_BYTES = 1 << 16;
/** Read into by all in turn, so that a look at a file that has not grown costs one call and nothing else. */
const room = Buffer.alloc(CHUNK_BYTES);

interface Output {
  readonly fd: number;
  read: number;
  readonly tell: (chunk: Buffer) => void;
}

/** What a client writes goes to files: it never waits for us, and what it wrote before a turn ended is all there. */
export class Outputs {
  readonly #outputs: Output[];
  /** Paths of the files of stdout and stderr. */
  readonly paths: readonly [string, string];

  constructor(folder: string, run: number, listener: Pick<ProcessListener, 'stdout' | 'stderr'>) {
    this.paths = [join(folder, `out-${run}.log`), join(folder, `err-${run}.log`)];
    const [out, err] = this.paths;
    this.#outputs = [
      { fd: openSync(out, 'a+'), read: 0, tell: (chunk) => listener.stdout(chunk) },
      { fd: openSync(err, 'a+'), read: 0, tell: (chunk) => listener.stderr(chunk) },
    ];
  }

  /** File descriptors of stdout and stderr. */
  get fds(): readonly [number, number] {
    return [this.#outputs[0]!.fd, this.#outputs[1]!.fd];
  }

  get isFlood(): boolean {
    return this.#outputs.reduce((sum, { fd }) => sum + fstatSync(fd).size, 0) > MAX_OUTPUT_BYTES;
  }

  /** Tells what was written since the last call. False: it is a flood. */
  read(): boolean {
    let told = 0;
    for (const output of this.#outputs) {
      for (let length = CHUNK_BYTES; length === CHUNK_BYTES;) {
        const wanted = Math.min(CHUNK_BYTES, MAX_OUTPUT_BYTES - output.read);
        length = wanted === 0 ? 0 : readSync(output.fd, room, 0, wanted, output.read);
        output.read += length;
        if (length > 0) output.tell(Buffer.from(room.subarray(0, length)));
      }
      told += output.read;
    }
    return told < MAX_OUTPUT_BYTES || !this.isFlood;
  }

  close(): void {
    for (const { fd } of this.#outputs.splice(0)) closeSync(fd);
  }
}
