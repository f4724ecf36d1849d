// A trace as JSON Lines: first what it says of itself, then an event a line. Equal traces are equal bytes.
import { formatDuration } from '../clock/duration.ts';
import type { Trace, TraceEvent, TraceHeader } from './event.ts';
import { TraceLines } from './lines.ts';

export { TraceFileError } from './lines.ts';

/** The whole file, each line with its newline. */
export function formatTrace({ header, events }: Trace): string {
  return [headerLine(header), ...events.map(eventLine)].map((line) => `${line}\n`).join('');
}

/** Without its newline; the keys stand in a fixed order. */
export function headerLine(header: TraceHeader): string {
  const { meterproof, client, dialect, time, seed, epoch, observer, lateness, capture } = header;
  return JSON.stringify({
    meterproof,
    case: header.case,
    client,
    dialect: dialect === 'metering' ? undefined : dialect,
    time,
    seed,
    epoch,
    observer,
    lateness: lateness && { jitter: lateness.jitter, launch: lateness.launch },
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
 * Reads a whole file that is in memory already. A last line that is damaged is left out and told by `cutOff`.
 * Throws `TraceFileError` for anything else that is not a trace.
 */
export function parseTrace(text: string, file: string): Trace {
  const lines = new TraceLines(file);
  const events: TraceEvent[] = [];
  const whole = text.split('\n');
  const unfinished = whole.pop()!;
  for (const line of whole) {
    const event = lines.next(line);
    if (event) events.push(event);
  }
  const { event, cutOff } = lines.end(unfinished);
  if (event) events.push(event);
  return { header: lines.header, events, ...(cutOff && { cutOff }) };
}
