import { lstatSync, lutimesSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

const MAX_FILES = 10_000;
/** Below this a time counts as a whole millisecond: what `utimes` makes of one, in seconds as a double. */
const ROUNDING_MS = 0.000_5;

/**
 * Gives the files below `folder` that were changed since `realStartMs`, and not yet dated, the virtual time `wallMs`. What we have
 * dated falls on a whole millisecond, which the clock of a file system hardly ever does.
 */
export function dateFiles(folder: string, wallMs: number, realStartMs: number): void {
  const names = readdirSync(folder, { recursive: true, encoding: 'utf8' }).slice(0, MAX_FILES);
  for (const name of names) {
    const path = join(folder, name);
    try {
      const { mtimeMs } = lstatSync(path);
      const isDated = Math.abs(mtimeMs - Math.round(mtimeMs)) < ROUNDING_MS;
      if (!isDated && mtimeMs >= realStartMs - 1_000)
        lutimesSync(path, wallMs / 1_000, wallMs / 1_000);
    } catch {
      // It is gone, or not ours.
    }
  }
}
