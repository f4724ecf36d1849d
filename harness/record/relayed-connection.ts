import { connect, type Socket } from 'node:net';
import type { Side } from '../capture/decode.ts';
import type { Wire, WireListener } from '../shim/transport.ts';
import type { UpstreamAddress } from '../shim/upstream.ts';
import { RealWire } from '../shim/wire-real.ts';

export interface RelayContext {
  readonly upstream: UpstreamAddress;
  /** The real server has accepted. */
  connected(): void;
  /** It has not; `error` is that of the system. */
  failed(error: NodeJS.ErrnoException): void;
  /** The client reset its connection before the server had answered. */
  abandoned(): void;
  /** Case time, ns. */
  now(): number;
  /** Bytes of one side that came at that time, and have been given to the other. */
  relayed(from: Side, bytes: Buffer, atNs: number): void;
  /** A FIN. */
  ended(by: Side): void;
  reset(by: Side): void;
  /** Both sides are over. */
  closed(): void;
}

/** What one side may have sent that the other has not taken. */
const MAX_PENDING_BYTES = 256 * 1024;

/** One connection of a client, and the one to the real server that stands behind it. Each is told what the other does. */
export class RelayedConnection {
  readonly #context: RelayContext;
  readonly #dialled: Socket;
  readonly #ends: Record<Side, End>;
  #isConnected = false;
  #isOver = false;
  /** What the client did before the server had accepted: within the bound of what is pending. */
  #early: (() => void)[] = [];

  /** `accepted`: paused, half-open allowed. */
  constructor(accepted: Socket, context: RelayContext) {
    this.#context = context;
    const { host, port } = context.upstream;
    this.#dialled = connect({ host, port, allowHalfOpen: true, noDelay: true });
    this.#dialled.pause();
    this.#ends = { client: new End(accepted), server: new End(this.#dialled) };
    this.#ends.client.wire.open(acceptor(this.#listener('client')));
    this.#ends.client.wire.resume();
    const refuse = (error: NodeJS.ErrnoException): void => this.#refused(error);
    this.#dialled.once('error', refuse);
    this.#dialled.once('connect', () => {
      this.#dialled.removeListener('error', refuse);
      this.#accepted();
    });
  }

  /** Resolves when both sockets are gone. */
  get gone(): Promise<unknown> {
    return Promise.all([this.#ends.client.wire.gone, this.#ends.server.wire.gone]);
  }

  /** The recording is over: both sides are reset. */
  stop(): void {
    this.#isOver = true;
    this.#dialled.destroy();
    this.#ends.client.wire.reset();
    this.#ends.server.wire.reset();
  }

  #accepted(): void {
    if (this.#isOver) return;
    this.#isConnected = true;
    this.#ends.server.wire.open(acceptor(this.#listener('server')));
    this.#context.connected();
    for (const action of this.#early) action();
    this.#early = [];
    this.#ends.server.wire.resume();
  }

  #refused(error: NodeJS.ErrnoException): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#context.failed(error);
    this.#ends.client.wire.reset();
    this.#context.closed();
  }

  #listener(side: Side): WireListener {
    return {
      data: (bytes) => {
        if (this.#isOver) return;
        const end = this.#ends[side];
        end.pendingBytes += bytes.length;
        if (end.pendingBytes > MAX_PENDING_BYTES) end.pause();
        if (this.#isConnected) this.#data(side, bytes);
        else this.#early.push(() => this.#data(side, bytes));
      },
      end: () => {
        if (this.#isOver) return;
        if (this.#isConnected) this.#end(side);
        else this.#early.push(() => this.#end(side));
      },
      reset: () => this.#reset(side),
    };
  }

  /** Passed on first: what is written down of it costs time. */
  #data(from: Side, bytes: Buffer): void {
    const context = this.#context;
    const source = this.#ends[from];
    const atNs = context.now();
    this.#ends[otherOf(from)].wire.write(bytes, () => {
      source.pendingBytes -= bytes.length;
      if (source.pendingBytes === 0) source.drained();
      if (source.isPaused && source.pendingBytes < MAX_PENDING_BYTES) source.resume();
    });
    context.relayed(from, bytes, atNs);
  }

  #end(by: Side): void {
    this.#ends[by].ended = true;
    this.#ends[otherOf(by)].wire.end();
    this.#context.ended(by);
    if (this.#ends.client.ended && this.#ends.server.ended) this.#over();
  }

  #reset(by: Side): void {
    if (this.#isOver) return;
    if (!this.#isConnected) {
      this.#isOver = true;
      this.#dialled.destroy();
      this.#context.abandoned();
      this.#context.closed();
      return;
    }
    const source = this.#ends[by];
    const pass = (): void => this.#ends[otherOf(by)].wire.reset();
    // A reset does not overtake what was sent before it.
    if (source.pendingBytes === 0) pass();
    else source.drained = pass;
    this.#context.reset(by);
    this.#over();
  }

  #over(): void {
    this.#isOver = true;
    this.#context.closed();
  }
}

/** One of the two connections. */
class End {
  readonly wire: RealWire;
  /** Sent by this side, and not yet taken by the other. */
  pendingBytes = 0;
  ended = false;
  isPaused = false;
  /** What waits for the other side to have taken everything. */
  drained: () => void = () => {};

  constructor(socket: Socket) {
    this.wire = new RealWire(socket);
  }

  pause(): void {
    this.isPaused = true;
    this.wire.pause();
  }

  resume(): void {
    this.isPaused = false;
    this.wire.resume();
  }
}

function otherOf(side: Side): Side {
  return side === 'client' ? 'server' : 'client';
}

function acceptor(listener: WireListener): {
  accept(wire: Wire): WireListener;
  attempted(): void;
} {
  return { accept: () => listener, attempted: () => {} };
}
