// Folders for the time of a run, where the machine keeps such.
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { errorText } from './error-text.ts';
import { HarnessError } from './process.ts';

/** The kernel takes 107 characters for the path of a socket (macOS 103), and what is longer is cut off without a word. */
const MAX_SOCKET_PATH_BYTES = 103;

/** Makes one, of a name that begins with `meterproof-`, and gives its absolute path. Throws a HarnessError where none can be made. */
export function temporaryFolder(kind = '', parent = tmpdir()): string {
  try {
    // `TMPDIR=tmp`: a client runs in another folder than we do.
    return mkdtempSync(join(resolve(parent), `meterproof-${kind}`));
  } catch (error) {
    throw new HarnessError(
      `no temporary folder can be made in ${parent} (${errorText(error)}): set TMPDIR to a folder that can be written to`,
    );
  }
}

/** One with room in its path for that of a socket in it, with a name of up to ten characters. */
export function socketFolder(): string {
  const longest = join(resolve(tmpdir()), 'meterproof-XXXXXX', '0123456789');
  return temporaryFolder(
    '',
    Buffer.byteLength(longest) > MAX_SOCKET_PATH_BYTES ? '/tmp' : tmpdir(),
  );
}
