import { rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { temporaryFolder } from './temporary-folder.ts';

/** `LD_PRELOAD` is split at blanks and colons, and words behind a dollar sign are replaced (ld.so(8)). */
const NOT_READ_AS_ONE = /[\s:$]/;
const links = new Map<string, string>();

/** A path of that file which the loader of native programs reads as one, also where its folder has a blank in its name. */
export function preloadPath(file: string): string {
  if (!NOT_READ_AS_ONE.test(file)) return file;
  const known = links.get(file);
  if (known !== undefined) return known;
  const folder = temporaryFolder('preload-', NOT_READ_AS_ONE.test(tmpdir()) ? '/tmp' : tmpdir());
  process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
  const link = join(folder, basename(file));
  symlinkSync(file, link);
  links.set(file, link);
  return link;
}
