// A captured session is a trace whose bytes are the truth: what it says of them is made anew and compared.
import type { Dialect } from '../../emulators/emulator.ts';
import type { Trace, TraceEvent } from '../trace/event.ts';
import { parseTrace, TraceFileError } from '../trace/file.ts';
import { formatEvent } from '../trace/format.ts';
import { SEMANTIC_EVENTS } from '../trace/vocabulary.ts';
import { redecode } from './decode.ts';

/** The line of an event in the file of its trace; the header is the first. */
export function lineOf(index: number): number {
  return index + 2;
}

/**
 * Reads a captured session, or any trace. Throws a `TraceFileError` with its line for what is no trace, and for an event that the
 * bytes of its connection do not bear out.
 */
export function parseCapture(text: string, file: string, dialect: Dialect): Trace {
  const trace = parseTrace(text, file);
  const [difference] = differences(trace.events, dialect);
  if (difference)
    throw new TraceFileError(`${file}:${lineOf(difference.index)}: ${difference.what}`);
  return trace;
}

export interface BytesDifference {
  readonly index: number;
  readonly what: string;
}

interface Noted {
  readonly index: number;
  readonly event: TraceEvent;
  /** Without time, bytes and the order of its fields. */
  readonly word: string;
}

/** Per connection, because two of them may be noted in another order than their bytes came. */
export function differences(
  events: readonly TraceEvent[],
  dialect: Dialect,
): readonly BytesDifference[] {
  if (!dialect.decoders) return [];
  const made = byConnection(redecode(events, dialect));
  return [...byConnection(events)]
    .flatMap(([conn, noted]) => firstDifference(noted, made.get(conn) ?? []) ?? [])
    .toSorted((a, b) => a.index - b.index);
}

function byConnection(events: readonly TraceEvent[]): ReadonlyMap<number, readonly Noted[]> {
  const connections = new Map<number, Noted[]>();
  for (const [index, event] of events.entries()) {
    const { conn, face } = event;
    if (conn === undefined || face === undefined) continue;
    const own = connections.get(conn) ?? [];
    if (own.length === 0) connections.set(conn, own);
    own.push({ index, event, word: wordOf(event) });
  }
  return connections;
}

function wordOf({ actor, face, event, from, fields, usage }: TraceEvent): string {
  const sorted = Object.entries(fields).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return JSON.stringify([actor, face, event, from, sorted, usage]);
}

function firstDifference(
  all: readonly Noted[],
  made: readonly Noted[],
): BytesDifference | undefined {
  // A live server says in words of its own that an answer was cut off.
  const due = made.filter((one) => isNote(one) && !isUnread(one, made));
  const isCut = [...all, ...made].some(({ event: { event } }) => INCOMPLETE.has(event));
  // Requests that came in one piece: their decoder notes them together, the server as it took them up.
  const early: Noted[] = [];
  let next = 0;
  for (const one of all.filter(isNote)) {
    const before = early.findIndex(({ word }) => word === one.word);
    if (before >= 0) {
      early.splice(before, 1);
      continue;
    }
    const found = due.findIndex(({ word }, place) => place >= next && word === one.word);
    if (found >= 0) {
      early.push(...due.slice(next, found));
      next = found + 1;
    } else if (!isCut)
      // What never left the server whole is known to the server alone.
      return {
        index: one.index,
        what: `${textOf(one)} is not what the bytes of its connection say`,
      };
  }
  const [unsaid] = [...early, ...due.slice(next)];
  return (
    unsaid && {
      index: all.at(-1)!.index,
      what: `the bytes of connection ${unsaid.event.conn}, which ends here, say ${textOf(unsaid)}, and no line does`,
    }
  );
}

/** On their connections a server may have decided what its bytes do not say. */
const INCOMPLETE: ReadonlySet<string> = new Set(['answer-lost', 'malformed']);

function isNote({ event: { event } }: Noted): boolean {
  return event === 'opaque' || Object.hasOwn(SEMANTIC_EVENTS, event);
}

/** A request that a server reset before it read it. */
function isUnread(one: Noted, made: readonly Noted[]): boolean {
  const later = made.slice(made.indexOf(one) + 1).find((other) => !isNote(other));
  return later?.event.event === 'reset' && later.event.fields['by'] === 'server';
}

function textOf({ event: { event, face, actor, fields } }: Noted): string {
  return `"${formatEvent({ at: 0n, actor, ...(face !== undefined && { face }), event, fields }).replace(/^0s {2}/, '')}"`;
}
