// What the servers of a capture did upon each request: the stock from which a recorded server answers.
import type {
  AnswerFault,
  Exchanges,
  FaceDescription,
  Note,
  SeenRequest,
} from '../../emulators/emulator.ts';
import { WIRE_FAULTS } from '../case/faults.ts';
import { DAY, MILLISECOND, type Nanos } from '../clock/clock.ts';
import { parseDuration, toMs } from '../clock/duration.ts';
import { lineOf } from '../capture/capture-file.ts';
import type { Trace, TraceEvent, TraceHeader } from '../trace/event.ts';
import { SEMANTIC_EVENTS } from '../trace/vocabulary.ts';

/** One thing that the server did, so long after the request was whole. */
export type Deed = { readonly delayNs: Nanos } & (
  | { readonly kind: 'note'; readonly note: Note }
  | { readonly kind: 'send'; readonly bytes: Buffer }
  | { readonly kind: 'end' | 'reset' }
);

/** A request, and everything that the server did until the next one on that connection. */
export interface Exchange {
  readonly request: SeenRequest;
  readonly deeds: readonly Deed[];
  readonly at: Nanos;
  /** Of the capture, from 1. */
  readonly line: number;
  /** The faults of the face then, as `stateText` writes them. */
  readonly state: string;
  /** By how much the server's clock was ahead then, by what the play had done to it; ms. */
  readonly skewMs: number;
}

/** The exchanges of one meaning at one face with one client, in the order in which they were recorded. */
export interface Shelf {
  readonly all: readonly Exchange[];
  readonly byState: ReadonlyMap<string, readonly Exchange[]>;
}

export interface Recording {
  /** Undefined: nothing of that meaning was ever asked there. */
  shelf(server: string, face: string, client: string, meaning: string): Shelf | undefined;
}

/** Faults of which the shim does what they do; what the others do stands in the recorded bytes. */
export const PLAYED_FAULTS: ReadonlySet<string> = new Set([
  'refuse',
  'reset',
  'reset-after-request',
  'black-hole',
  'half-open',
  'hang',
  'slow',
]);

export function faultNames({ answerFaults }: FaceDescription): readonly string[] {
  return [...WIRE_FAULTS.map(({ name }) => name), ...Object.keys(answerFaults)];
}

/** Which faces a `down` or `up` of a trace is about. */
export function facesOf(
  { face, fields }: TraceEvent,
  faces: readonly FaceDescription[],
): readonly string[] {
  if (face !== undefined) return [face];
  const fault = String(fields['fault']);
  return faces.flatMap((one) => (faultNames(one).includes(fault) ? one.name : []));
}

function byName([a]: readonly [string, string], [b]: readonly [string, string]): number {
  return a < b ? -1 : 1;
}

export function stateText(fault: AnswerFault | undefined): string {
  return fault ? JSON.stringify([fault.name, Object.entries(fault.args).toSorted(byName)]) : '';
}

/** What a `down` or `up` is about, without what is said of its manner. */
export function faultOf({ fields }: TraceEvent): AnswerFault {
  const { fault, 'new-only': _manner, ...args } = fields;
  const texts = Object.entries(args).map(([key, value]) => [key, String(value)]);
  return { name: String(fault), args: Object.fromEntries(texts) as Record<string, string> };
}

interface Open {
  readonly request: SeenRequest;
  readonly deeds: Deed[];
  readonly at: Nanos;
}

interface Session {
  readonly read: (bytes: Uint8Array) => readonly SeenRequest[];
  readonly all: Open[];
  /** Without an answer so far. */
  waiting: Open[];
}

/** Longer ago than anything in a trace. */
const NEVER: Nanos = -36_525n * DAY;
/** What came this shortly after something in real time came of it; in virtual time it has the same time. */
const AT_ONCE: Nanos = 10n * MILLISECOND;

export function slackOf({ time }: TraceHeader): Nanos {
  if (time === 'virtual') return 0n;
  return AT_ONCE * BigInt(/^scaled:(\d{1,7})$/.exec(time)?.[1] ?? 1);
}

/** `events` are those of a trace whose semantic events are there, with the downtimes that are known or inferred. */
export function recordingOf(
  { header, events }: Trace,
  exchanges: Exchanges,
  faces: readonly FaceDescription[],
  /** For each event its line in the capture. */
  lines: (index: number) => number = lineOf,
): Recording {
  const slackNs = slackOf(header);
  const stock = new Map<string, { all: Exchange[]; byState: Map<string, Exchange[]> }>();
  const sessions = new Map<number, Session>();
  const faults = new Map<string, AnswerFault[]>();
  const skewsMs = new Map<string, number>();
  /** When the play last reset the connections of a server. */
  const resetAt = new Map<string, Nanos>();
  /** From then on a run is cleared away: its servers are closed. */
  let drainedAt: Nanos | undefined;
  for (const [index, event] of events.entries()) {
    const { actor, face, conn, from = '', at, fields } = event;
    if (event.event === 'down' || event.event === 'up')
      for (const name of facesOf(event, faces)) changeFaults(faults, `${actor}.${name}`, event);
    if (event.event === 'drained') drainedAt = at;
    if (event.event === 'clock-skew') {
      const by = parseSigned(String(fields['by'])) ?? 0n;
      skewsMs.set(actor, (skewsMs.get(actor) ?? 0) + toMs(by));
    }
    if (event.event === 'restart' || (event.event === 'down' && isPlayedFault(event)))
      resetAt.set(actor, at);
    if (face === undefined || conn === undefined) continue;
    let session = sessions.get(conn);
    if (!session)
      sessions.set(conn, (session = { read: exchanges.requests(face), all: [], waiting: [] }));
    if (event.event === 'received') {
      for (const request of requestsIn(session, event)) {
        const open: Open = { request, deeds: [], at };
        session.all.push(open);
        session.waiting.push(open);
        const key = keyOf(actor, face, from, request.meaning);
        const shelf = stock.get(key) ?? { all: [], byState: new Map<string, Exchange[]>() };
        if (shelf.all.length === 0) stock.set(key, shelf);
        const state = stateText(faults.get(`${actor}.${face}`)?.at(-1));
        const exchange = { ...open, line: lines(index), state, skewMs: skewsMs.get(actor) ?? 0 };
        shelf.all.push(exchange);
        const alike = shelf.byState.get(state);
        if (alike) alike.push(exchange);
        else shelf.byState.set(state, [exchange]);
      }
    } else if (event.event !== 'reset' || at - (resetAt.get(actor) ?? NEVER) > slackNs)
      note(session, event, exchanges, drainedAt);
  }
  return { shelf: (...names) => stock.get(keyOf(...names)) };
}

function keyOf(...names: readonly string[]): string {
  return JSON.stringify(names);
}

function requestsIn({ read }: Session, { bytes }: TraceEvent): readonly SeenRequest[] {
  try {
    return read(Buffer.from(bytes ?? '', 'base64'));
  } catch {
    // A client that breaks the protocol asks nothing that could be answered from a recording.
    return [];
  }
}

function note(
  session: Session,
  event: TraceEvent,
  exchanges: Exchanges,
  drainedAt: Nanos | undefined,
): void {
  const { at, face = '', fields, usage } = event;
  const current = session.waiting[0] ?? session.all.at(-1);
  if (!current) return;
  const add = (deed: Deed, to: Open = current): void => void to.deeds.push(deed);
  const after = ({ at: from }: Open): Nanos => at - from;
  if (event.event === 'sent') {
    const bytes = Buffer.from(event.bytes ?? '', 'base64');
    const id = exchanges.answerTo(face, bytes);
    const asked =
      id === 0
        ? session.all.at(-1)!
        : (session.all.findLast(({ request }) => id !== undefined && request.id === id) ?? current);
    add({ kind: 'send', bytes, delayNs: after(asked) }, asked);
    if (id !== 0) session.waiting = session.waiting.filter((open) => open !== asked);
  } else if (event.event === 'reset' || event.event === 'close') {
    if (fields['by'] !== 'server') return;
    const last = session.all.at(-1)!;
    if (drainedAt !== undefined && last.at < drainedAt) return;
    add({ kind: event.event === 'reset' ? 'reset' : 'end', delayNs: after(last) }, last);
  } else if (isTold(event)) {
    const words = { event: event.event, fields, ...(usage && { usage }) };
    add({ kind: 'note', note: words, delayNs: after(current) });
  }
}

function isPlayedFault({ fields }: TraceEvent): boolean {
  return PLAYED_FAULTS.has(String(fields['fault']));
}

/** Semantic events, and what the server knows of answers that did not leave whole. */
function isTold({ event }: TraceEvent): boolean {
  return event === 'answer-lost' || event === 'garbled' || Object.hasOwn(SEMANTIC_EVENTS, event);
}

function changeFaults(faults: Map<string, AnswerFault[]>, place: string, event: TraceEvent): void {
  const one = faultOf(event);
  const active = faults.get(place) ?? [];
  const gone = active.findIndex((other) => stateText(other) === stateText(one));
  faults.set(
    place,
    event.event === 'down' ? [...active, one] : active.filter((_, at) => at !== gone),
  );
}

/** `10m`, `-1h`, as a trace writes what was done to a clock. */
export function parseSigned(text: string): Nanos | undefined {
  if (!text.startsWith('-')) return parseDuration(text);
  const by = parseDuration(text.slice(1));
  return by === undefined ? undefined : -by;
}
