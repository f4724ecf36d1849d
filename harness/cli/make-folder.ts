import { existsSync, mkdirSync } from 'node:fs';
import { dirname } from 'node:path';

/** With the folders above it. Step by step: mkdir with `recursive` never returns where the system answers ENOENT for good, as below /proc. */
export function makeFolder(folder: string): void {
  if (existsSync(folder)) return;
  makeFolder(dirname(folder));
  mkdirSync(folder);
}
