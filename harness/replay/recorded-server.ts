// A server that answers from a recording: an emulator for the shim, whose state is the stock of what was answered.
import type {
  AnswerFault,
  Connection,
  Dialect,
  Emulator,
  Exchanges,
  FieldValue,
  Host,
  Note,
  SeenRequest,
} from '../../emulators/emulator.ts';
import { toMs } from '../clock/duration.ts';
import type { TraceEvent } from '../trace/event.ts';
import { type Exchange, faultNames, type Recording, stateText } from './recording.ts';

/** A request that the recording answers, but not so often: it was answered as before. */
export interface Repeated {
  readonly server: string;
  readonly face: string;
  readonly meaning: string;
  /** Of the capture, where the answer stands. */
  readonly line: number;
  /** On the server's clock, milliseconds since 1970. */
  readonly wallMs: number;
}

export interface RecordedServerOptions {
  readonly recording: Recording;
  readonly exchanges: Exchanges;
  readonly faces: Dialect['faces'];
  /** Wall clock of case time 0 when it was recorded, ms. */
  readonly recordedEpochMs: number;
  /** What the server did by itself, without a connection, by case time. */
  readonly ownDeeds: readonly TraceEvent[];
  repeated(request: Repeated): void;
}

/** The `why` of the event that a trace has where the recording has no answer. */
export const NOT_RECORDED = 'not-recorded';

const AT_ONCE_MS = 1;

interface Session {
  readonly face: string;
  readonly connection: Connection;
  /** Requests so far. */
  asked: number;
  /** Deeds that are still to be done. */
  due: number;
  /** The client has ended its side. */
  isOver: boolean;
}

export class RecordedServer implements Emulator {
  readonly #host: Host;
  readonly #options: RecordedServerOptions;
  readonly #used = new Set<Exchange>();
  readonly #places = new Map<readonly Exchange[], number>();
  readonly #pending = new Set<() => void>();
  readonly #open = new Set<Connection['stream']>();

  constructor(host: Host, options: RecordedServerOptions) {
    this.#host = host;
    this.#options = options;
    for (const { at, face, from, event, fields } of options.ownDeeds)
      this.#after(toMs(at), () => host.note(face!, from, { event, fields }));
  }

  accept(face: string, connection: Connection): void {
    const { stream } = connection;
    const read = this.#options.exchanges.requests(face);
    const session: Session = { face, connection, asked: 0, due: 0, isOver: false };
    this.#open.add(stream);
    stream.on('close', () => this.#open.delete(stream));
    stream.on('error', () => stream.destroy());
    stream.on('end', () => {
      session.isOver = true;
      if (session.due === 0) stream.end();
    });
    stream.on('data', (chunk: Buffer) => {
      if (stream.destroyed || stream.writableEnded) return;
      let requests: readonly SeenRequest[];
      try {
        requests = read(chunk);
      } catch {
        return this.#unknown(connection, 'bytes that are no request');
      }
      for (const request of requests) this.#serve(session, request);
    });
  }

  /** What was done to the state of the server shows in its answers. */
  command(): void {}

  close(): void {
    for (const cancel of this.#pending) cancel();
    for (const stream of this.#open) stream.destroy();
  }

  #serve(session: Session, request: SeenRequest): void {
    const { face, connection } = session;
    if (connection.stream.destroyed || !connection.request()) return;
    const number = ++session.asked;
    const exchange = this.#take(face, connection.client, request);
    if (!exchange) return this.#unknown(connection, request.meaning);
    const { stream } = connection;
    const isSlow = exchange.state.startsWith('["slow"');
    const answers = this.#answersTo(request, exchange, face);
    let sent = 0;
    for (const deed of exchange.deeds) {
      session.due++;
      const act = (): void => {
        session.due--;
        if (stream.destroyed) return;
        if (deed.kind === 'note') connection.note(noteFor(deed.note, exchange.request, request));
        else if (stream.writableEnded) return;
        else if (deed.kind === 'send') stream.write(answers[sent++]!);
        // A later request shows that this client does without the end that another one met.
        else if (number === session.asked) {
          if (deed.kind === 'end') stream.end();
          else stream.destroy(new Error('reset, as it was recorded'));
        }
        if (session.isOver && session.due === 0) stream.end();
      };
      // A fault of the shim makes it late once more.
      this.#after(isSlow ? 0 : toMs(deed.delayNs), act);
    }
    const hasAnswered = exchange.deeds.some(({ kind }) => kind === 'send');
    if (request.isLast && hasAnswered)
      this.#after(toMs(exchange.deeds.at(-1)!.delayNs), () => stream.end());
  }

  /** The pieces in which the answer left, for another request. */
  #answersTo(request: SeenRequest, exchange: Exchange, face: string): readonly Buffer[] {
    const pieces = exchange.deeds.flatMap((deed) => (deed.kind === 'send' ? deed.bytes : []));
    const { recordedEpochMs, exchanges } = this.#options;
    const thenMs = recordedEpochMs + toMs(exchange.at) + exchange.skewMs;
    const shiftMs = this.#host.wallMs() - thenMs;
    const whole = exchanges.readdress(face, Buffer.concat(pieces), {
      from: exchange.request,
      to: request,
      shiftMs,
    });
    let from = 0;
    return pieces.map(({ length }, index) => {
      const to = index === pieces.length - 1 ? whole.length : from + length;
      const piece = whole.subarray(from, to);
      from = to;
      return piece;
    });
  }

  /** The next of that meaning which was answered in the same state; then the last of those again; then what there is. */
  #take(face: string, client: string, { meaning }: SeenRequest): Exchange | undefined {
    const { recording, faces } = this.#options;
    const { server } = this.#host;
    const shelf = recording.shelf(server, face, client, meaning);
    if (!shelf) return undefined;
    const description = faces.find(({ name }) => name === face)!;
    const fault: AnswerFault | undefined = this.#host.answerFault(face, faultNames(description));
    const candidates = shelf.byState.get(stateText(fault)) ?? shelf.all;
    const next = this.#nextOf(candidates);
    const taken = next ?? candidates.at(-1)!;
    this.#used.add(taken);
    if (!next)
      this.#options.repeated({
        server,
        face,
        meaning,
        line: taken.line,
        wallMs: this.#host.wallMs(),
      });
    return taken;
  }

  /** The first that was not yet used; all before it were. */
  #nextOf(candidates: readonly Exchange[]): Exchange | undefined {
    let place = this.#places.get(candidates) ?? 0;
    while (place < candidates.length && this.#used.has(candidates[place]!)) place++;
    this.#places.set(candidates, place);
    return candidates[place];
  }

  #unknown(connection: Connection, asked: string): void {
    connection.note({ event: 'gap', fields: { of: 'server', why: NOT_RECORDED, asked } });
    connection.stream.destroy(new Error(NOT_RECORDED));
  }

  #after(delayMs: number, act: () => void): void {
    if (delayMs < AT_ONCE_MS) return act();
    const cancel = this.#host.after(delayMs, () => {
      this.#pending.delete(cancel);
      act();
    });
    this.#pending.add(cancel);
  }
}

/** A recorded note with what is the new request's own in place of what was the recorded one's. */
function noteFor(note: Note, from: SeenRequest, to: SeenRequest): Note {
  const own = new Map<FieldValue, string>(
    from.own.map((value, index) => [value, to.own[index] ?? value]),
  );
  const usage = new Map(
    (from.usage ?? []).map(({ record }, index) => [record, to.usage?.[index]] as const),
  );
  const fields = Object.entries(note.fields ?? {}).map(([name, value]) => [
    name,
    own.get(value) ?? value,
  ]);
  return {
    event: note.event,
    fields: Object.fromEntries(fields) as Record<string, FieldValue>,
    ...(note.usage && { usage: note.usage.map((one) => usage.get(one.record) ?? one) }),
  };
}
