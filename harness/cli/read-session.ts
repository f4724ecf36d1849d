import type { Dialect } from '../../emulators/emulator.ts';
import { readCapture } from '../capture/capture-file.ts';
import type { Trace, TraceHeader } from '../trace/event.ts';
import { TraceStream } from '../trace/stream.ts';
import type { Extensions } from './extensions.ts';
import { inputFile } from './files.ts';
import { type Surroundings, UsageError } from './surroundings.ts';

/** What the servers of a trace speak: what was named, else what the trace says. Throws a UsageError where that has to be named. */
export function dialectOf(
  { dialect = 'metering' }: TraceHeader,
  file: string,
  { own, dialects }: Pick<Extensions, 'own' | 'dialects'>,
): Dialect {
  const found = own ?? dialects[dialect];
  if (!found)
    throw new UsageError(
      `${file}:1: its servers speak "${dialect}", which is not built in: name its module with --dialect`,
    );
  return found;
}

/** A trace or captured session that somebody named, in the dialect that it speaks. Warns of one that was cut off. */
export async function readSession(
  file: string,
  extensions: Extensions,
  { cwd, writeError }: Surroundings,
): Promise<{ readonly trace: Trace; readonly dialect: Dialect }> {
  const path = inputFile(file, cwd);
  const { header } = await TraceStream.open(path, file);
  const dialect = dialectOf(header, file, extensions);
  const trace = await readCapture(path, file, dialect);
  if (trace.cutOff) writeError(`${file}: its last line is cut off, and left out\n`);
  return { trace, dialect };
}
