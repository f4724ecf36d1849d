import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { join } from 'node:path';
import { MAX_OUTPUT_BYTES, type ProcessListener } from '../process.ts';

/** stdout and stderr of a client: files in its work folder, told when the client is at rest. */
export class Outputs {
  readonly #files: { fd: number; read: number; tell: (chunk: Buffer) => void }[];

  constructor(folder: string, run: number, listener: ProcessListener) {
    const open = (name: string) => openSync(join(folder, `${name}-${run}.log`), 'a+');
    this.#files = [
      { fd: open('out'), read: 0, tell: (chunk) => listener.stdout(chunk) },
      { fd: open('err'), read: 0, tell: (chunk) => listener.stderr(chunk) },
    ];
  }

  get fds(): number[] {
    return this.#files.map(({ fd }) => fd);
  }

  /** True when more was written than a client may. */
  get flooded(): boolean {
    return this.#files.reduce((sum, { fd }) => sum + fstatSync(fd).size, 0) > MAX_OUTPUT_BYTES;
  }

  /** Tells what is new. */
  read(): void {
    for (const file of this.#files) {
      const size = Math.min(fstatSync(file.fd).size, MAX_OUTPUT_BYTES);
      if (size <= file.read) continue;
      const chunk = Buffer.alloc(size - file.read);
      readSync(file.fd, chunk, 0, chunk.length, file.read);
      file.read = size;
      file.tell(chunk);
    }
  }

  close(): void {
    for (const { fd } of this.#files.splice(0)) closeSync(fd);
  }
}
