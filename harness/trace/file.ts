// A trace as JSON Lines: first what it says of itself, then an event a line. Equal traces are equal bytes.
import { z } from 'zod';
import { formatDuration, parseDuration } from '../clock/duration.ts';
import { CAPTURE_NOTE } from './capture-note.ts';
import type { Trace, TraceEvent, TraceHeader, UsageNote } from './event.ts';

/** A line holds at most one chunk of raw bytes, or the records of one log. */
export const MAX_LINE_CHARS = 16 * 1024 * 1024;

/** A file that is no trace; the message begins with file:line. */
export class TraceFileError extends Error {
  override readonly name = 'TraceFileError';
}

/** The whole file, each line with its newline. */
export function formatTrace({ header, events }: Trace): string {
  return [headerLine(header), ...events.map(eventLine)].map((line) => `${line}\n`).join('');
}

/** Without its newline; the keys stand in a fixed order. */
export function headerLine(header: TraceHeader): string {
  const { meterproof, client, time, seed, epoch, observer, capture } = header;
  return JSON.stringify({
    meterproof,
    case: header.case,
    client,
    time,
    seed,
    epoch,
    observer,
    capture,
  });
}

/** Without its newline; the keys stand in a fixed order, the fields in that of the event. */
export function eventLine(event: TraceEvent): string {
  const { actor, face, from, conn, fields, usage, bytes } = event;
  return JSON.stringify({
    at: formatDuration(event.at),
    actor,
    face,
    event: event.event,
    from,
    conn,
    fields,
    usage: usage?.map(({ record, program, startMs, stopMs }) => ({
      record,
      program,
      startMs,
      stopMs,
    })),
    bytes,
  });
}

/**
 * Reads a whole file. A last line that was cut off is left out and told by `cutOff`.
 * Throws `TraceFileError` for anything else that is not a trace.
 */
export function parseTrace(text: string, file: string): Trace {
  const lines = text.split('\n');
  const unfinished = lines.pop()!;
  const [first, ...rest] = lines;
  if (first === undefined)
    throw new TraceFileError(`${file}:1: no whole line: this is not a trace, or an empty one`);
  const header = readHeader(first, `${file}:1`);
  const events: TraceEvent[] = [];
  for (const [index, line] of rest.entries()) {
    const place = `${file}:${index + 2}`;
    const event = toEvent(read(EVENT, line, place), place);
    const last = events.at(-1);
    if (last && event.at < last.at)
      throw new TraceFileError(`${place}: time runs backward, after ${formatDuration(last.at)}`);
    events.push(event);
  }
  // An editor may have taken the last newline; what is whole without it was not cut off.
  const last = wholeEvent(unfinished, events.at(-1));
  if (last) events.push(last);
  return { header, events, ...(unfinished !== '' && !last && { cutOff: true }) };
}

const FIELD = z.union([z.string(), z.number(), z.boolean()]);
const HEADER = z.strictObject({
  meterproof: z.literal(1),
  case: z.string(),
  client: z.string(),
  time: z.string(),
  seed: z.int(),
  epoch: z.string().refine((date) => !Number.isNaN(Date.parse(date)), 'not a date'),
  observer: z.string(),
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
  const version = /^\{"meterproof":(?<version>[^,}]{1,20})/.exec(line)?.groups?.['version'];
  if (version === undefined)
    throw new TraceFileError(`${place}: not a trace: its first line does not say "meterproof"`);
  if (version !== '1')
    throw new TraceFileError(`${place}: a trace of version ${version}; version 1 is known`);
  const { capture, ...header } = read(HEADER, line, place);
  return { ...header, ...(capture && { capture }) };
}

function read<T>(schema: z.ZodType<T>, line: string, place: string): T {
  if (line.length > MAX_LINE_CHARS)
    throw new TraceFileError(`${place}: the line is longer than ${MAX_LINE_CHARS} characters`);
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    throw new TraceFileError(`${place}: not JSON`);
  }
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const issue = result.error.issues[0]!;
  const where = issue.path.length > 0 ? `"${issue.path.join('.')}": ` : '';
  throw new TraceFileError(`${place}: ${where}${issue.message}`);
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

function wholeEvent(line: string, before: TraceEvent | undefined): TraceEvent | undefined {
  try {
    const event = toEvent(read(EVENT, line, ''), '');
    return before && event.at < before.at ? undefined : event;
  } catch {
    return undefined;
  }
}
