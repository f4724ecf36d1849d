import { lstatSync, lutimesSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

const MAX_FILES = 10_000;

/** Files in the client's folder that would lie in its future, since real clocks made them, bear the time `wallMs`. */
export function alignTimes(folder: string, wallMs: number): void {
  const names = readdirSync(folder, { recursive: true, encoding: 'utf8' }).slice(0, MAX_FILES);
  for (const name of names) {
    const path = join(folder, name);
    try {
      if (lstatSync(path).mtimeMs > wallMs) lutimesSync(path, wallMs / 1_000, wallMs / 1_000);
    } catch {
      // It is gone, or not ours.
    }
  }
}
