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

/** One accepted connection: between the wire and the emulator, where faults come in. */
export class ShimConnection implements WireListener, Connection {
  readonly stream: Duplex;
  readonly client: string;
  readonly #wire: Wire;
  readonly #context: ConnectionContext;
  /** The server has fallen silent on this connection for good. */
  #silent = false;
  #over = false;
  #clientEnded = false;
  #serverEnded = false;
  /** Delayed bytes must not be overtaken by what is sent after them. */
  #sendableFrom: Nanos = 0n;
  #pendingSends = 0;
  #endAfterSends = false;

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

  /** The server goes away, or a fault says so: an RST. */
  resetByServer(): void {
    if (this.#over) return;
    this.#record('reset', { by: 'server' });
    this.#finish();
    this.#wire.reset();
    this.stream.destroy();
  }

  #send(chunk: Buffer, done: () => void): void {
    if (this.#over || this.#silent) return done();
    const outgoing = this.#context
      .faults()
      .reduce<Outgoing>((sofar, fault) => combine(sofar, fault), { bytes: chunk });
    const from = this.#context.clock.now() + (outgoing.delayNs ?? 0n);
    if (outgoing.delayNs === undefined && this.#pendingSends === 0)
      return this.#transmit(outgoing, done);
    this.#sendableFrom = from > this.#sendableFrom ? from : this.#sendableFrom;
    this.#pendingSends++;
    this.#context.clock.at(this.#sendableFrom, () => {
      this.#pendingSends--;
      this.#transmit(outgoing, () => {});
      if (this.#endAfterSends && this.#pendingSends === 0) this.#end();
    });
    done();
  }

  #transmit({ bytes, then }: Outgoing, done: () => void): void {
    if (this.#over || this.#silent) return done();
    if (bytes.length > 0) {
      const { endpoint, number, recorder } = this.#context;
      recorder.recordBytes({ ...where(endpoint), event: 'sent', conn: number }, bytes);
      this.#wire.write(bytes, done);
    } else done();
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

function combine(sofar: Outgoing, fault: ConnectionFault): Outgoing {
  if (!fault.sending || sofar.then !== undefined) return sofar;
  const next = fault.sending(sofar.bytes);
  const delayNs = (sofar.delayNs ?? 0n) + (next.delayNs ?? 0n);
  return delayNs > 0n ? { ...next, delayNs } : next;
}

export function where(endpoint: Endpoint): { actor: string; face: string; from: string } {
  return { actor: endpoint.server, face: endpoint.face, from: endpoint.client };
}
