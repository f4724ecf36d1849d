// The end of a recording: what was kept becomes the capture, at once or after a crash.
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { errorText } from '../client/error-text.ts';
import { type Completed, completeRecording, type CompleteOptions } from '../record/complete.ts';
import { RAW_SUFFIX } from '../record/raw-format.ts';
import { RawFileError, readPreamble } from '../record/raw-reader.ts';
import { chosenDialect } from './dialect-option.ts';
import { progressLine } from './progress.ts';
import { type Surroundings, UsageError } from './surroundings.ts';

/** `meterproof record --finish FILE`; FILE.raw is taken for FILE. */
export async function finishLeft(file: string, surroundings: Surroundings): Promise<number> {
  const { cwd, writeError } = surroundings;
  const shown = file.endsWith(RAW_SUFFIX) ? file.slice(0, -RAW_SUFFIX.length) : file;
  const path = resolve(cwd, shown);
  if (!existsSync(path + RAW_SUFFIX))
    throw new UsageError(`there is no ${shown}${RAW_SUFFIX}: nothing is left to finish`);
  const preamble = await readPreamble(path + RAW_SUFFIX, shown + RAW_SUFFIX).catch(
    (error: unknown) => {
      throw error instanceof RawFileError ? new UsageError(error.message) : error;
    },
  );
  const dialect = await chosenDialect(preamble.dialect, cwd);
  const done = await completed({ path, shown, dialect }, surroundings);
  if (!done) return 2;
  const hint = preamble.dialect === 'metering' ? '' : ` --dialect ${preamble.dialect}`;
  writeError(
    `${shown}: ${done.connections} connections, ${done.bytes} bytes, ${done.events} events\n`,
  );
  writeError(`next: meterproof replay ${shown}${hint}\n`);
  return 0;
}

/** Makes the capture, and says what there is to say; undefined: it could not be made, and the raw file is as it was. */
export async function completed(
  options: Omit<CompleteOptions, 'problem' | 'progress'>,
  surroundings: Surroundings,
): Promise<Completed | undefined> {
  const { writeError } = surroundings;
  const { shown } = options;
  const progress = progressLine(surroundings);
  try {
    const done = await completeRecording({
      ...options,
      problem: (text) => writeError(`meterproof: ${text}\n`),
      progress: (share) => progress.tell(() => `${shown} is made: ${Math.floor(100 * share)} %`),
    });
    progress.done();
    if (done.shared.length > 0)
      writeError(
        `behind ${done.shared.join(', ')} are several clients: connections that do not tell whose they are go by the address\n`,
      );
    return done;
  } catch (error) {
    progress.done();
    writeError(
      `meterproof: ${shown} cannot be made: ${errorText(error)}\nwhat was recorded is in ${shown}${RAW_SUFFIX}; then: meterproof record --finish ${shown}\n`,
    );
    return undefined;
  }
}
