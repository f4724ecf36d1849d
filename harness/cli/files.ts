// Files that the command line is given: what is no file, cannot be read or cannot be written is said before anything is done.
import { accessSync, constants, statSync, type Stats } from 'node:fs';
import { resolve } from 'node:path';
import { errorText } from '../client/error-text.ts';
import { RAW_SUFFIX } from '../record/raw-format.ts';
import { UsageError } from './surroundings.ts';

/** The path of a plain file that can be read. Throws a UsageError that says why it is none. */
export function inputFile(file: string, cwd: string): string {
  const path = resolve(cwd, file);
  const stat = statOf(path, file);
  const isRaw = file.endsWith(RAW_SUFFIX);
  if (isRaw || (!stat && statOf(path + RAW_SUFFIX, file))) {
    const capture = isRaw ? file.slice(0, -RAW_SUFFIX.length) : file;
    throw new UsageError(
      `${capture}${RAW_SUFFIX} is of a recording that goes on or was killed: a capture is made of it with "meterproof record --finish ${capture}"`,
    );
  }
  if (!stat) throw new UsageError(`there is no file ${file}`);
  if (stat.isDirectory()) throw new UsageError(`${file} is a folder: name a file in it`);
  if (!stat.isFile())
    throw new UsageError(
      `${file} is no plain file, and is read more than once: save what comes out of it to one first`,
    );
  try {
    accessSync(path, constants.R_OK);
  } catch (error) {
    throw new UsageError(`${file} cannot be read (${errorText(error)})`);
  }
  return path;
}

/** Undefined where nothing is there; throws a UsageError where nobody may look. */
export function statOf(path: string, shown: string): Stats | undefined {
  try {
    return statSync(path, { throwIfNoEntry: false });
  } catch (error) {
    throw new UsageError(`${shown} cannot be reached (${errorText(error)})`);
  }
}

const TROUBLE: ReadonlyMap<string, string> = new Map([
  ['ENOSPC', 'the disk is full'],
  ['EDQUOT', 'the quota of the disk is used up'],
  ['EROFS', 'the disk is read-only'],
  ['EIO', 'the disk fails'],
  ['EMFILE', 'too many files are open (ulimit -n)'],
  ['ENFILE', 'too many files are open on this machine'],
]);

/** What is wrong with the machine, where an error of the system says that; no error of ours. */
export function machineTrouble(error: unknown): string | undefined {
  const what = TROUBLE.get(errorText(error));
  return what === undefined ? undefined : `${what}: ${(error as Error).message}`;
}
