// The semantic events of a connection, made from its bytes by the dialect: bytes are the truth, notes are recomputed.
import type { Dialect, SessionDecoder, SessionDecoders } from '../../emulators/emulator.ts';
import type { TraceEvent } from '../trace/event.ts';
import { SEMANTIC_EVENTS } from '../trace/vocabulary.ts';

export type Side = 'client' | 'server';

/** An event without its time, and with its bytes as they came: they are valid during the call only. */
export type Decoded = Omit<TraceEvent, 'at' | 'bytes'> & { readonly raw?: Uint8Array };

export interface ConnectionPlace {
  /** Name of the server. */
  readonly actor: string;
  readonly face: string;
  /** Name of the client, where it is known when the connection begins. */
  readonly from?: string;
  readonly conn: number;
}

/**
 * One connection on its way into a trace: tell it what happened on the wire, and it emits that together with what it
 * means. A request is noted behind the bytes that complete it, an answer before the bytes that complete it, as emulators do.
 */
export class SessionTrace {
  readonly #place: ConnectionPlace;
  readonly #decoder: SessionDecoder | undefined;
  readonly #emit: (event: Decoded) => void;
  #saidOpaque = false;

  /** Without a decoder the events are those of the transport alone. */
  constructor(
    place: ConnectionPlace,
    decoder: SessionDecoder | undefined,
    emit: (event: Decoded) => void,
  ) {
    this.#place = place;
    this.#decoder = decoder;
    this.#emit = emit;
  }

  /** Who the client says that it is. */
  get identity(): string | undefined {
    return this.#decoder?.identity;
  }

  connect(): void {
    this.#event('connect');
  }

  /** Bytes came from the client. */
  received(bytes: Uint8Array): void {
    this.#event('received', { length: bytes.length }, bytes);
    this.#note(this.#decoder?.client(bytes));
  }

  /** Bytes went to the client. */
  sent(bytes: Uint8Array): void {
    this.#note(this.#decoder?.server(bytes));
    this.#event('sent', { length: bytes.length }, bytes);
  }

  /** Bytes of that side are not in the capture. */
  gap(of: Side, why: string, length?: number): void {
    this.#event('gap', { of, ...(length !== undefined && { length }), why });
    this.missed(of);
  }

  /** Bytes of that side are known to have been there, and are not at hand any more. */
  missed(of: Side): void {
    this.#decoder?.gap(of);
  }

  /** The first FIN. After the server's, or the second, call `end`. */
  close(by: Side): void {
    this.#event('close', { by });
  }

  reset(by: Side): void {
    this.end();
    this.#event('reset', { by });
  }

  /** Nothing more comes. */
  end(): void {
    this.#note(this.#decoder?.end());
  }

  #event(event: string, fields: TraceEvent['fields'] = {}, raw?: Uint8Array): void {
    // The way of every byte of a recording: no object is made twice.
    if (raw) this.#emit({ ...this.#place, event, fields, raw });
    else this.#emit({ ...this.#place, event, fields });
  }

  #note(notes: ReturnType<SessionDecoder['end']> = []): void {
    for (const { event, fields = {}, usage } of notes)
      this.#emit({ ...this.#place, event, fields, ...(usage && { usage }) });
    const why = this.#decoder?.opaque;
    if (why === undefined || this.#saidOpaque) return;
    this.#saidOpaque = true;
    this.#event('opaque', { why });
  }
}

/**
 * The events of a trace with everything that its bytes say made anew. Events that no bytes stand behind (of clients, of
 * downtimes, of attempts) stay as they are. A server that answers pipelined requests one by one notes request, answer,
 * request, answer; here the requests that came in one piece stand together.
 */
export function redecode(events: readonly TraceEvent[], dialect: Dialect): TraceEvent[] {
  if (!dialect.decoders) return [...events];
  const made: TraceEvent[] = [];
  const redecoder = new Redecoder(dialect.decoders(), (event) => made.push(event));
  for (const event of events) redecoder.push(event);
  redecoder.end();
  return made;
}

/** The same for events that come one by one. */
export class Redecoder {
  readonly #decoders: SessionDecoders;
  readonly #emit: (event: TraceEvent) => void;
  readonly #open = new Map<number, SessionTrace>();
  #current: TraceEvent | undefined;

  constructor(decoders: SessionDecoders, emit: (event: TraceEvent) => void) {
    this.#decoders = decoders;
    this.#emit = emit;
  }

  push(event: TraceEvent): void {
    const { actor, face, conn, from } = event;
    if (face === undefined || conn === undefined) {
      this.#emit(event);
      return;
    }
    if (isMadeFromBytes(event)) return;
    this.#current = event;
    let session = this.#open.get(conn);
    if (!session) {
      const place = { actor, face, conn, ...(from !== undefined && { from }) };
      const decoder = this.#decoders(actor, face);
      session = new SessionTrace(place, decoder, (decoded) => this.#decoded(decoded));
      this.#open.set(conn, session);
    }
    this.#replay(event, session);
  }

  /** Nothing more comes. */
  end(): void {
    for (const session of this.#open.values()) session.end();
  }

  #decoded({ raw, ...event }: Decoded): void {
    const { at, bytes } = this.#current!;
    const isCopy = raw !== undefined && bytes !== undefined;
    this.#emit({ at, ...event, ...(isCopy && { bytes }) });
  }

  #replay(event: TraceEvent, session: SessionTrace): void {
    const by = event.fields['by'] === 'server' ? 'server' : 'client';
    const bytes = Buffer.from(event.bytes ?? '', 'base64');
    switch (event.event) {
      case 'connect':
        return session.connect();
      case 'received':
      case 'sent':
        // A trace that has outgrown its bound keeps only the number of bytes.
        if (event.bytes === undefined && Number(event.fields['length'] ?? 0) > 0) {
          this.#emit(event);
          return session.missed(event.event === 'sent' ? 'server' : 'client');
        }
        return event.event === 'sent' ? session.sent(bytes) : session.received(bytes);
      case 'close':
        session.close(by);
        if (by === 'server') session.end();
        return;
      case 'reset':
        return session.reset(by);
      case 'gap': {
        const { of, why, length } = event.fields;
        const side = of === 'server' ? 'server' : 'client';
        return session.gap(side, String(why), length === undefined ? undefined : Number(length));
      }
      default:
        this.#emit(event);
    }
  }
}

function isMadeFromBytes({ event, fields }: TraceEvent): boolean {
  if (event === 'answer-lost') return fields['why'] !== undefined;
  return event === 'opaque' || Object.hasOwn(SEMANTIC_EVENTS, event);
}
