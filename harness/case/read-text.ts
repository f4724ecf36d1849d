import { closeSync, constants, fstatSync, openSync, readFileSync } from 'node:fs';
import { CaseError } from './errors.ts';

export const MAX_BYTES = 256 * 1024;

/** The text of a case file, which messages call `shown`. Throws a CaseError when it cannot be read. */
export function readText(file: string, shown = file): string {
  let descriptor: number | undefined;
  try {
    // A FIFO would be waited for, and no signal would end that.
    descriptor = openSync(file, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
    const stats = fstatSync(descriptor);
    if (!stats.isFile()) throw unreadable(shown, 'this is not a file', 'name a case file');
    if (stats.size > MAX_BYTES) throw tooLarge(shown, stats.size);
    return new TextDecoder('utf-8', { fatal: true }).decode(readFileSync(descriptor));
  } catch (error) {
    if (error instanceof CaseError) throw error;
    if (error instanceof TypeError)
      throw unreadable(shown, 'this is not UTF-8 text', 'a case is a YAML file');
    if (!(error instanceof Error && 'code' in error)) throw error;
    throw unreadable(
      shown,
      `the file cannot be read (${String(error.code)})`,
      'name a file that can',
    );
  } finally {
    if (descriptor !== undefined) closeSync(descriptor);
  }
}

function unreadable(file: string, what: string, right: string): CaseError {
  return new CaseError([{ position: { file, line: 1, column: 1 }, what, right }]);
}

/** A file so large is never looked at. */
export function tooLarge(file: string, bytes: number): CaseError {
  return unreadable(
    file,
    `the file has ${bytes} bytes`,
    `a case has at most ${MAX_BYTES}, and most have fewer than 1000`,
  );
}
