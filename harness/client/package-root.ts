import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** The folder of Meterproof's own package.json, from the sources as from `dist/`: suites and shipped profiles lie there. */
export function packageRoot(): string {
  for (let folder = import.meta.dirname; ; folder = dirname(folder)) {
    if (existsSync(join(folder, 'package.json'))) return folder;
    if (folder === dirname(folder)) throw new Error(`no package.json above ${import.meta.dirname}`);
  }
}
