// What the events of a trace say of its bytes, against what the bytes say.
import type { Dialect } from '../../emulators/emulator.ts';
import type { TraceEvent } from '../trace/event.ts';
import { formatEvent } from '../trace/format.ts';
import { SEMANTIC_EVENTS } from '../trace/vocabulary.ts';
import { Redecoder } from './decode.ts';

export interface BytesDifference {
  /** Of the event that shows it, from 0. */
  readonly index: number;
  readonly what: string;
}

interface Noted {
  readonly index: number;
  readonly event: TraceEvent;
  /** Without time, bytes and the order of its fields. */
  readonly word: string;
}

interface Connection {
  /** By lines of the trace. */
  readonly said: Noted[];
  /** By the bytes. */
  readonly due: Noted[];
  /** Due, unless the server resets them unread. */
  unread: Noted[];
  /** Reset by the server, which alone knows whether it had read them: a recorder says what the bytes say. */
  readonly perhaps: Noted[];
  /** A live server says in words of its own that an answer was cut off. */
  isCut: boolean;
  lastIndex: number;
}

/** Takes events in their order. Per connection, because two of them may be noted in another order than their bytes came. */
export class BytesCheck {
  readonly #connections = new Map<number, Connection>();
  readonly #redecoder: Redecoder | undefined;
  #index = 0;

  /** Without a decoder of the dialect nothing differs. */
  constructor(dialect: Dialect) {
    const decoders = dialect.decoders?.();
    this.#redecoder = decoders && new Redecoder(decoders, (event) => this.#made(event));
  }

  push(event: TraceEvent): void {
    const connection = this.#redecoder && this.#of(event);
    if (connection) {
      connection.lastIndex = this.#index;
      connection.isCut ||= INCOMPLETE.has(event.event);
      if (isNote(event)) connection.said.push(noted(event, this.#index));
    }
    this.#redecoder?.push(event);
    this.#index++;
  }

  /** Nothing more comes: the first difference in the order of the trace. */
  end(): BytesDifference | undefined {
    this.#redecoder?.end();
    const [first] = [...this.#connections.values()]
      .flatMap((connection) => firstDifference(connection) ?? [])
      .toSorted((a, b) => a.index - b.index);
    return first;
  }

  #made(event: TraceEvent): void {
    const connection = this.#of(event);
    if (!connection) return;
    if (isNote(event)) {
      connection.unread.push(noted(event, this.#index));
      return;
    }
    connection.isCut ||= INCOMPLETE.has(event.event);
    if (connection.unread.length === 0) return;
    const isReset = event.event === 'reset' && event.fields['by'] === 'server';
    const read = isReset ? connection.perhaps : connection.due;
    for (const note of connection.unread) read.push(note);
    connection.unread = [];
  }

  #of({ conn, face }: TraceEvent): Connection | undefined {
    if (conn === undefined || face === undefined) return undefined;
    let connection = this.#connections.get(conn);
    if (!connection) {
      connection = {
        said: [],
        due: [],
        unread: [],
        perhaps: [],
        isCut: false,
        lastIndex: this.#index,
      };
      this.#connections.set(conn, connection);
    }
    return connection;
  }
}

function noted(event: TraceEvent, index: number): Noted {
  const { bytes: _, ...kept } = event;
  return { index, event: kept, word: wordOf(event) };
}

function wordOf({ actor, face, event, from, fields, usage }: TraceEvent): string {
  const sorted = Object.entries(fields).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return JSON.stringify([actor, face, event, from, sorted, usage]);
}

function firstDifference(connection: Connection): BytesDifference | undefined {
  const { said, unread, isCut, lastIndex } = connection;
  const due = [...connection.due, ...unread];
  const perhaps = new Set(connection.perhaps.map(({ word }) => word));
  const isCutNow = isCut || due.some(({ event: { event } }) => INCOMPLETE.has(event));
  // Requests that came in one piece: their decoder notes them together, the server as it took them up.
  const early: Noted[] = [];
  let next = 0;
  for (const one of said) {
    const before = early.findIndex(({ word }) => word === one.word);
    if (before >= 0) {
      early.splice(before, 1);
      continue;
    }
    const found = placeFrom(due, next, one.word);
    if (found !== undefined) {
      while (next < found) early.push(due[next++]!);
      next++;
    } else if (perhaps.delete(one.word)) continue;
    else if (!isCutNow)
      // What never left the server whole is known to the server alone.
      return {
        index: one.index,
        what: `${textOf(one)} is not what the bytes of its connection say`,
      };
  }
  const [unsaid] = [...early, ...due.slice(next)];
  return (
    unsaid && {
      index: lastIndex,
      what: `the bytes of connection ${unsaid.event.conn}, which ends here, say ${textOf(unsaid)}, and no line does`,
    }
  );
}

function placeFrom(due: readonly Noted[], from: number, word: string): number | undefined {
  for (let place = from; place < due.length; place++) if (due[place]!.word === word) return place;
  return undefined;
}

/** On their connections a server may have decided what its bytes do not say. */
const INCOMPLETE: ReadonlySet<string> = new Set(['answer-lost', 'malformed']);

function isNote({ event }: TraceEvent): boolean {
  return event === 'opaque' || Object.hasOwn(SEMANTIC_EVENTS, event);
}

function textOf({ event: { event, face, actor, fields } }: Noted): string {
  return `"${formatEvent({ at: 0n, actor, ...(face !== undefined && { face }), event, fields }).replace(/^0s {2}/, '')}"`;
}
