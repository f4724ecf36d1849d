import { Duplex } from 'node:stream';
import type { Connection, Note } from '../../emulators/emulator.ts';
import type { Clock, Nanos } from '../clock/clock.ts';
import type { Recorder } from '../trace/recorder.ts';
import type { ConnectionFault, Outgoing } from './faults/fault.ts';
import type { Endpoint, Wire, WireListener } from './transport.ts';

export interface ConnectionContext {
  readonly endpoint: Endpoint;
  readonly number: number;
  readonly clock: Clock;
  readonly recorder: Recorder;
  /** The faults that act on this connection now, the oldest first. */
  faults(): readonly ConnectionFault[];
  closed(): void;
}

type SentFields = { readonly tls: string } | undefined;

/** One accepted connection: between the wire and the emulator, where faults come in. */
export class ShimConnection implements WireListener, Connection {
  readonly stream: Duplex;
  readonly client: string;
  readonly #wire: Wire;
  readonly #context: ConnectionContext;
  /** The server has fallen silent on this connection for good. */
  #silent = false;
  /** Half open: the server is gone, then back and knows nothing of this connection. */
  #halfOpen: 'gone' | 'back' | undefined;
  /** The client has sent something to a server that is gone: its system repeats it until somebody answers. */
  #isRepeating = false;
  #over = false;
  #clientEnded = false;
  #serverEnded = false;
  /** Delayed bytes must not be overtaken by what is sent after them. */
  #sendableFrom: Nanos = 0n;
  #pendingSends = 0;
  #endAfterSends = false;
  #isOwn: () => boolean = () => false;

  constructor(wire: Wire, context: ConnectionContext) {
    this.#wire = wire;
    this.#context = context;
    this.client = context.endpoint.client;
    this.stream = new Duplex({
      read: () => wire.resume(),
      write: (chunk: Buffer, _encoding, done) => this.#send(chunk, done),
      final: (done) => {
        this.#end();
        done();
      },
      destroy: (error, done) => {
        if (error) this.resetByServer();
        else this.#end();
        done(null);
      },
    });
    // An emulator that destroys the stream with an error resets the connection; it is not our crash.
    this.stream.on('error', () => {});
  }

  #record(event: string, fields?: Record<string, string | number>): void {
    const { endpoint, number, recorder } = this.#context;
    recorder.record({ ...where(endpoint), event, conn: number, fields });
  }

  /** Announces the connection; false when a fault has reset it already. */
  open(): boolean {
    this.#record('connect');
    if (this.#context.faults().some((fault) => fault.accepted?.() === 'reset')) {
      this.resetByServer();
      return false;
    }
    return true;
  }

  // From the wire.

  data(bytes: Buffer): void {
    if (this.#over) return;
    if (this.#halfOpen) return this.#toNobody(bytes);
    const swallow = this.#context.faults().some((fault) => fault.received?.() === 'swallow');
    const { endpoint, number, recorder } = this.#context;
    const event = swallow ? 'swallowed' : 'received';
    recorder.recordBytes({ ...where(endpoint), event, conn: number }, bytes);
    // What went nowhere is never done later, and what follows would make no sense without it.
    if (swallow) this.#silent = true;
    if (this.#silent) this.#wire.resume();
    else if (!this.stream.push(bytes)) this.#wire.pause();
  }

  end(): void {
    if (this.#over || this.#clientEnded) return;
    this.#clientEnded = true;
    if (!this.#serverEnded) this.#record('close', { by: 'client' });
    if (this.#halfOpen) return this.#toNobody();
    if (this.#silent) {
      this.#end();
      this.stream.destroy();
    } else this.stream.push(null);
    this.#closeWhenBothEnded();
  }

  reset(): void {
    if (this.#over) return;
    this.#record('reset', { by: 'client' });
    this.#finish();
    this.stream.destroy();
  }

  // From the emulator.

  request(): boolean {
    if (!this.#context.faults().some((fault) => fault.request?.() === 'reset')) return !this.#over;
    this.resetByServer();
    return false;
  }

  note(note: Note): void {
    if (this.#over) return;
    const { endpoint, number, recorder } = this.#context;
    const silenced = this.#context
      .faults()
      .some((fault) => fault.noted?.(note.event) === 'silence');
    recorder.record({ ...where(endpoint), conn: number, ...note });
    if (silenced) this.#fallSilent();
  }

  ownBytes(isOwn: () => boolean): void {
    this.#isOwn = isOwn;
  }

  // From the shim.

  /** The server is gone without a word. */
  vanish(): void {
    if (this.#over) return;
    this.#silent = true;
    this.#halfOpen = 'gone';
    this.#wire.resume();
  }

  /** The server is back, and answers what belongs to no connection with an RST. */
  reappear(): void {
    if (this.#halfOpen !== 'gone') return;
    this.#halfOpen = 'back';
    if (this.#isRepeating) this.resetByServer();
  }

  /** The server goes away, or a fault says so: an RST. */
  resetByServer(): void {
    if (this.#over || this.#halfOpen === 'gone') return;
    this.#record('reset', { by: 'server' });
    this.#finish();
    this.#wire.reset();
    this.stream.destroy();
  }

  #toNobody(bytes?: Buffer): void {
    const { endpoint, number, recorder } = this.#context;
    if (bytes)
      recorder.recordBytes({ ...where(endpoint), event: 'swallowed', conn: number }, bytes);
    this.#isRepeating = true;
    if (this.#halfOpen === 'back') this.resetByServer();
  }

  #send(chunk: Buffer, done: () => void): void {
    if (this.#over || this.#silent) return done();
    const pieces = this.#context.faults().reduce(passThrough, [{ bytes: chunk }]);
    const [only] = pieces;
    const isAtOnce = pieces.length === 1 && (only?.delayNs ?? 0n) + (only?.takesNs ?? 0n) === 0n;
    const fields = this.#isOwn() ? { tls: 'own' } : undefined;
    if (isAtOnce && this.#pendingSends === 0) return this.#transmit(only!, fields, done);
    for (const piece of pieces) this.#schedule(piece, fields);
    done();
  }

  #schedule(piece: Outgoing, fields: SentFields): void {
    const { clock } = this.#context;
    const from = clock.now() + (piece.delayNs ?? 0n);
    this.#sendableFrom =
      (from > this.#sendableFrom ? from : this.#sendableFrom) + (piece.takesNs ?? 0n);
    this.#pendingSends++;
    clock.at(this.#sendableFrom, () => {
      this.#pendingSends--;
      this.#transmit(piece, fields, () => {});
      if (this.#endAfterSends && this.#pendingSends === 0) this.#end();
    });
  }

  #transmit({ bytes, then, garbled }: Outgoing, fields: SentFields, done: () => void): void {
    if (this.#over || this.#silent) return done();
    if (bytes.length > 0) {
      const { endpoint, number, recorder } = this.#context;
      recorder.recordBytes({ ...where(endpoint), event: 'sent', conn: number, fields }, bytes);
      this.#wire.write(bytes, done);
    } else done();
    if (garbled !== undefined) this.#record('garbled', { bytes: garbled });
    if (then === undefined) return;
    this.#record('answer-lost', { sent: bytes.length });
    if (then === 'rst') this.resetByServer();
    else if (then === 'fin') {
      this.#end();
      this.#silent = true;
    } else this.#silent = true;
  }

  #fallSilent(): void {
    if (!this.#silent) this.#record('answer-lost', { sent: 0 });
    this.#silent = true;
  }

  #end(): void {
    if (this.#over || this.#serverEnded) return;
    // A silent server does not say goodbye either, until the client has.
    if (this.#silent && !this.#clientEnded) return;
    if (this.#pendingSends > 0) {
      this.#endAfterSends = true;
      return;
    }
    this.#serverEnded = true;
    if (!this.#clientEnded) this.#record('close', { by: 'server' });
    this.#wire.end();
    this.#closeWhenBothEnded();
  }

  #closeWhenBothEnded(): void {
    if (this.#clientEnded && this.#serverEnded) this.#finish();
  }

  #finish(): void {
    this.#over = true;
    this.#context.closed();
  }
}

/** What leaves when one more fault acts on what would leave without it. */
function passThrough(pieces: readonly Outgoing[], fault: ConnectionFault): readonly Outgoing[] {
  if (!fault.sending) return pieces;
  const passed: Outgoing[] = [];
  for (const piece of pieces) {
    const parts = fault.sending(piece.bytes);
    for (const [index, part] of parts.entries())
      passed.push(joined(piece, part, index === 0, index === parts.length - 1));
    // Nothing leaves after the end.
    if (passed.at(-1)?.then !== undefined) break;
  }
  return passed;
}

function joined(whole: Outgoing, part: Outgoing, isFirst: boolean, isLast: boolean): Outgoing {
  const then = part.then ?? (isLast ? whole.then : undefined);
  const garbled = (part.garbled ?? 0) + (isFirst ? (whole.garbled ?? 0) : 0);
  return {
    bytes: part.bytes,
    delayNs: (whole.delayNs ?? 0n) + (part.delayNs ?? 0n),
    takesNs: (isFirst ? (whole.takesNs ?? 0n) : 0n) + (part.takesNs ?? 0n),
    ...(then !== undefined && { then }),
    ...(garbled > 0 && { garbled }),
  };
}

export function where(endpoint: Endpoint): { actor: string; face: string; from: string } {
  return { actor: endpoint.server, face: endpoint.face, from: endpoint.client };
}
