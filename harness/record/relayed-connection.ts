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
  data(from: Side, bytes: Buffer): void;
  /** A FIN. */
  ended(by: Side): void;
  reset(by: Side): void;
  /** Bytes that one side sent were given to the other. */
  relayed(bytes: number): void;
  /** Calls `action` once what was told so far stands in the file. */
  whenWritten(action: () => void): void;
  /** Both sides are over. */
  closed(): void;
}

const NOTHING = Buffer.alloc(0);
/** What one side may have sent that the other has not taken. */
const MAX_PENDING_BYTES = 256 * 1024;

/** One connection of a client, and the one to the real server that stands behind it. Each is told what the other does. */
export class RelayedConnection {
  readonly #context: RelayContext;
  readonly #dialled: Socket;
  readonly #ends: Record<Side, End>;
  #isConnected = false;
  #isOver = false;
  /** What the client did before the server had accepted. */
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
      data: (bytes) => this.#after(side, bytes.length, () => this.#data(side, bytes)),
      end: () => this.#ends[side].whenTrueEnd(() => this.#after(side, 0, () => this.#end(side))),
      reset: () => this.#reset(side),
    };
  }

  /** What a client says before its server has accepted waits, within a bound. */
  #after(side: Side, bytes: number, action: () => void): void {
    if (this.#isOver) return;
    const end = this.#ends[side];
    end.pendingBytes += bytes;
    if (end.pendingBytes > MAX_PENDING_BYTES) end.wire.pause();
    if (this.#isConnected) action();
    else this.#early.push(action);
  }

  #data(from: Side, bytes: Buffer): void {
    const context = this.#context;
    const source = this.#ends[from];
    context.data(from, bytes);
    context.whenWritten(() => {
      context.relayed(bytes.length);
      this.#ends[otherOf(from)].wire.write(bytes, () => {
        source.pendingBytes -= bytes.length;
        if (source.pendingBytes === 0) source.drained();
        if (source.pendingBytes < MAX_PENDING_BYTES) source.wire.resume();
      });
    });
  }

  #end(by: Side): void {
    this.#ends[by].ended = true;
    this.#context.ended(by);
    this.#context.whenWritten(() => this.#ends[otherOf(by)].wire.end());
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
    this.#context.reset(by);
    const source = this.#ends[by];
    const pass = (): void => this.#ends[otherOf(by)].wire.reset();
    // A reset does not overtake what was sent before it.
    this.#context.whenWritten(() => (source.pendingBytes === 0 ? pass() : (source.drained = pass)));
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
  readonly #socket: Socket;
  /** Sent by this side, and not yet taken by the other. */
  pendingBytes = 0;
  ended = false;
  /** What waits for the other side to have taken everything. */
  drained: () => void = () => {};

  constructor(socket: Socket) {
    this.#socket = socket;
    this.wire = new RealWire(socket);
  }

  /**
   * An RST that comes with the last bytes is an end for libuv (Node 20 and 22, partial read and POLLHUP). A write of nothing tells them
   * apart: after an RST it fails, and the wire hears of a reset.
   */
  whenTrueEnd(action: () => void): void {
    const socket = this.#socket;
    if (!socket.writable || socket.writableEnded || socket.writableLength > 0) action();
    else
      socket.write(NOTHING, (error) => {
        if (!error) action();
      });
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
