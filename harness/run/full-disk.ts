import { existsSync, mkdirSync, renameSync, rmSync } from 'node:fs';

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
