// A captured session is a trace whose bytes are the truth: what it says of them is made anew and compared.
import type { Dialect } from '../../emulators/emulator.ts';
import { formatDuration } from '../clock/duration.ts';
import type { Trace, TraceEvent } from '../trace/event.ts';
import { parseTrace, TraceFileError } from '../trace/file.ts';
import { TraceStream } from '../trace/stream.ts';
import { BytesCheck } from './bytes-check.ts';

/** The line of an event in the file of its trace; the header is the first. */
export function lineOf(index: number): number {
  return index + 2;
}

/** What is judged or compared is in memory as a whole, but for its bytes: about 1 KB an event. */
export const MAX_HELD_EVENTS = 1_000_000;
/** Bytes of a session that is played again, as they are written in base64. */
export const MAX_HELD_BYTES = 256 * 1024 * 1024;

/**
 * Reads a captured session, or any trace, that is in memory already. Throws a `TraceFileError` with its line for what is no trace,
 * and for an event that the bytes of its connection do not bear out.
 */
export function parseCapture(text: string, file: string, dialect: Dialect): Trace {
  const trace = parseTrace(text, file);
  const check = new BytesCheck(dialect);
  for (const event of trace.events) check.push(event);
  refuseUnborne(check, file);
  return trace;
}

/**
 * The same from disk, piece by piece, without the bytes once they are checked, unless up to `maxBytes` of them are wanted. Rejects
 * also where more would have to be held.
 */
export async function readCapture(
  path: string,
  shown: string,
  dialect: Dialect,
  maxEvents = MAX_HELD_EVENTS,
  maxBytes = 0,
): Promise<Trace> {
  const stream = await TraceStream.open(path, shown);
  const events: TraceEvent[] = [];
  const check = new BytesCheck(dialect);
  let heldBytes = 0;
  for await (const event of stream.events()) {
    if (events.length >= maxEvents) throw new TraceFileError(tooMany(shown, maxEvents, event));
    check.push(event);
    heldBytes += event.bytes?.length ?? 0;
    if (maxBytes > 0 && heldBytes > maxBytes)
      throw new TraceFileError(tooManyBytes(shown, maxBytes, lineOf(events.length)));
    events.push(maxBytes > 0 ? event : withoutBytes(event));
  }
  refuseUnborne(check, shown);
  return { header: stream.header, events, ...(stream.cutOff && { cutOff: true }) };
}

function refuseUnborne(check: BytesCheck, file: string): void {
  const difference = check.end();
  if (difference)
    throw new TraceFileError(`${file}:${lineOf(difference.index)}: ${difference.what}`);
}

function tooMany(shown: string, maxEvents: number, { at }: TraceEvent): string {
  return (
    `${shown}:${lineOf(maxEvents)}: more than ${maxEvents} events, up to ${formatDuration(at)}: so many are not held in memory at a time, ` +
    `which judging and comparing need; record or import a shorter time or fewer servers (export takes a trace of any length)`
  );
}

function tooManyBytes(shown: string, maxBytes: number, line: number): string {
  const megabytes = Math.floor(maxBytes / 1024 / 1024);
  return `${shown}:${line}: more than ${megabytes} MB of bytes: so many are not held in memory at a time, which playing them again needs; record or import a shorter time or fewer servers`;
}

/** Their number stays. */
function withoutBytes({ bytes, ...event }: TraceEvent): TraceEvent {
  if (bytes === undefined || event.fields['length'] !== undefined) return event;
  return { ...event, fields: { ...event.fields, length: Buffer.byteLength(bytes, 'base64') } };
}
