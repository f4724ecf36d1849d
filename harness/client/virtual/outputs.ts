import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { join } from 'node:path';
import { MAX_OUTPUT_BYTES, type ProcessListener } from '../process.ts';

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
    let written = 0;
    for (const output of this.#outputs) {
      const { size: all } = fstatSync(output.fd);
      written += all;
      const size = Math.min(all, MAX_OUTPUT_BYTES);
      if (size <= output.read) continue;
      const chunk = Buffer.alloc(size - output.read);
      readSync(output.fd, chunk, 0, chunk.length, output.read);
      output.read = size;
      output.tell(chunk);
    }
    return written <= MAX_OUTPUT_BYTES;
  }

  close(): void {
    for (const { fd } of this.#outputs.splice(0)) closeSync(fd);
  }
}
