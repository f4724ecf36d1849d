// A trace file line by line: what is checked of a line, and what of a line after another. Every line is taken for hostile.
import { z } from 'zod';
import { formatDuration, parseDuration } from '../clock/duration.ts';
import { CAPTURE_NOTE } from './capture-note.ts';
import type { TraceEvent, TraceHeader, UsageNote } from './event.ts';

/** A line holds at most one chunk of raw bytes, or the records of one log. */
export const MAX_LINE_BYTES = 16 * 1024 * 1024;
/** The deepest line is a header with the rules of its note: four. */
const MAX_DEPTH = 8;

/** A file that is no trace; the message begins with file:line. */
export class TraceFileError extends Error {
  override readonly name = 'TraceFileError';
}

/**
 * Takes the lines of one file in their order. Damage is told once it is known not to be in the last line: a run or a recording
 * that was killed leaves one line behind that is not whole.
 */
export class TraceLines {
  readonly #file: string;
  #header: TraceHeader | undefined;
  #line = 0;
  #last: TraceEvent | undefined;
  #damage: TraceFileError | undefined;

  constructor(file: string) {
    this.#file = file;
  }

  /** Throws before the first line was taken. */
  get header(): TraceHeader {
    if (this.#header) return this.#header;
    throw new TraceFileError(
      `${this.#file}:1: no whole line: this is not a trace, or an empty one`,
    );
  }

  /** A line without its newline. Throws a `TraceFileError` for one that belongs to no trace, and for damage that others follow. */
  next(line: string): TraceEvent | undefined {
    if (this.#damage) throw this.#damage;
    const place = `${this.#file}:${++this.#line}`;
    if (!this.#header) {
      // Some editors put a byte order mark before the first line.
      this.#header = readHeader(line.replace(/^\uFEFF/, ''), place);
      return undefined;
    }
    try {
      return (this.#last = eventAfter(this.#last, line, place));
    } catch (error) {
      if (!(error instanceof NotJson)) throw error;
      this.#damage = error;
      return undefined;
    }
  }

  /** What stands behind the last newline, mostly nothing. `cutOff`: the file ends with a line that is not whole. */
  end(unfinished: string): { readonly event?: TraceEvent; readonly cutOff: boolean } {
    // Asked for its error where the file has no first line.
    void this.header;
    if (unfinished === '') return { cutOff: this.#damage !== undefined };
    if (this.#damage) throw this.#damage;
    // An editor may have taken the last newline; what is whole without it was not cut off.
    try {
      return { event: eventAfter(this.#last, unfinished, ''), cutOff: false };
    } catch {
      return { cutOff: true };
    }
  }

  /** A line that is longer than any, and not yet whole. */
  tooLong(): TraceFileError {
    return tooLong(`${this.#file}:${this.#line + 1}`);
  }
}

class NotJson extends TraceFileError {}

const FIELD = z.union([z.string(), z.number(), z.boolean()]);
const DURATION = z.string().refine((text) => parseDuration(text) !== undefined, 'not a duration');
const HEADER = z.strictObject({
  meterproof: z.literal(1),
  case: z.string(),
  client: z.string(),
  dialect: z.string().min(1).optional(),
  time: z.string(),
  seed: z.int(),
  epoch: z.string().refine((date) => !Number.isNaN(Date.parse(date)), 'not a date'),
  observer: z.string(),
  lateness: z.strictObject({ jitter: DURATION, launch: DURATION }).optional(),
  capture: CAPTURE_NOTE.optional(),
});
const USAGE = z.strictObject({
  record: z.string(),
  program: z.string(),
  startMs: z.number(),
  stopMs: z.number(),
});
const EVENT = z.strictObject({
  at: z.string(),
  actor: z.string().min(1),
  face: z.string().optional(),
  event: z.string().min(1),
  from: z.string().optional(),
  conn: z.int().positive().optional(),
  fields: z.record(z.string(), FIELD),
  usage: z.array(USAGE).optional(),
  bytes: z.base64().optional(),
});

function readHeader(line: string, place: string): TraceHeader {
  const version = /^\s*\{\s*"meterproof"\s*:\s*(?<version>[^,}\s]{1,20})/.exec(line)?.groups?.[
    'version'
  ];
  if (version === undefined)
    throw new TraceFileError(
      `${place}: not a trace: its first line does not say "meterproof" (a packet capture is made one with "meterproof import")`,
    );
  if (version !== '1')
    throw new TraceFileError(`${place}: a trace of version ${version}; version 1 is known`);
  const { capture, lateness, dialect, ...header } = read(HEADER, line, place);
  return {
    ...header,
    ...(dialect !== undefined && { dialect }),
    ...(lateness && { lateness }),
    ...(capture && { capture }),
  };
}

function eventAfter(last: TraceEvent | undefined, line: string, place: string): TraceEvent {
  const event = toEvent(read(EVENT, line, place), place);
  if (last && event.at < last.at)
    throw new TraceFileError(`${place}: time runs backward, after ${formatDuration(last.at)}`);
  return event;
}

function read<T>(schema: z.ZodType<T>, line: string, place: string): T {
  if (line.length > MAX_LINE_BYTES) throw tooLong(place);
  if (isTooDeep(line))
    throw new TraceFileError(`${place}: brackets within brackets, more than ${MAX_DEPTH} deep`);
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    throw new NotJson(`${place}: not JSON`);
  }
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const issue = result.error.issues[0]!;
  const where = issue.path.length > 0 ? `"${issue.path.join('.')}": ` : '';
  throw new TraceFileError(`${place}: ${where}${issue.message}`);
}

function tooLong(place: string): TraceFileError {
  return new TraceFileError(`${place}: the line is longer than ${MAX_LINE_BYTES} bytes`);
}

const BRACKETS = /["[\]{}]/g;

/** Told before it is parsed: a line of brackets alone would be a tree of gigabytes. */
function isTooDeep(line: string): boolean {
  let depth = 0;
  BRACKETS.lastIndex = 0;
  for (let found = BRACKETS.exec(line); found; found = BRACKETS.exec(line)) {
    const [sign] = found;
    if (sign === '"') BRACKETS.lastIndex = endOfString(line, BRACKETS.lastIndex);
    else if (sign === '[' || sign === '{') depth++;
    else depth--;
    if (depth > MAX_DEPTH) return true;
  }
  return false;
}

function endOfString(line: string, from: number): number {
  for (let at = line.indexOf('"', from); at >= 0; at = line.indexOf('"', at + 1)) {
    let escapes = 0;
    while (line[at - 1 - escapes] === '\\') escapes++;
    if (escapes % 2 === 0) return at + 1;
  }
  return line.length;
}

function toEvent(
  { at, actor, face, event, from, conn, fields, usage, bytes }: z.infer<typeof EVENT>,
  place: string,
): TraceEvent {
  const time = parseDuration(at);
  if (time === undefined)
    throw new TraceFileError(
      `${place}: "at": "${at.slice(0, 40)}" is not a duration such as 4h2ms`,
    );
  return {
    at: time,
    actor,
    ...(face !== undefined && { face }),
    event,
    ...(from !== undefined && { from }),
    ...(conn !== undefined && { conn }),
    fields,
    ...(usage !== undefined && { usage: usage satisfies readonly UsageNote[] }),
    ...(bytes !== undefined && { bytes }),
  };
}
