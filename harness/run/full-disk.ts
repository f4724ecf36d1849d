import { appendFileSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync } from 'node:fs';

/** A file that cannot be written, also not by root: a folder stands in its place, and what was in it lies beside (Q290995). */
export class FullDisk {
  readonly #file: string;
  readonly #aside: string;

  constructor(file: string) {
    this.#file = file;
    this.#aside = `${file}.aside`;
    if (existsSync(file)) renameSync(file, this.#aside);
    mkdirSync(file, { recursive: true });
  }

  free(): void {
    rmSync(this.#file, { recursive: true, force: true });
    if (existsSync(this.#aside)) renameSync(this.#aside, this.#file);
  }
}

const NEWLINE = 0x0a;

/**
 * What a kill or a power cut in the middle of a write leaves: the first half of the last line stands behind it once more. A file
 * without a line stays as it is.
 */
export function tearLastLine(file: string): void {
  if (!existsSync(file)) return;
  const bytes = readFileSync(file);
  const end = bytes.lastIndexOf(NEWLINE);
  if (end <= 0) return;
  const begin = bytes.lastIndexOf(NEWLINE, end - 1) + 1;
  appendFileSync(file, bytes.subarray(begin, begin + Math.ceil((end - begin) / 2)));
}
