import type { Socket } from 'node:net';
import type { Acceptor, Wire } from './transport.ts';

const NOTHING = Buffer.alloc(0);

/** One accepted socket. */
export class RealWire implements Wire {
  readonly #socket: Socket;
  /** Nothing is called any more. */
  #over = false;
  #resetByUs = false;

  /** Resolves when the socket is gone, however it went. */
  readonly gone: Promise<void>;

  /** `socket` must be paused, and must allow half-open connections. */
  constructor(socket: Socket) {
    this.#socket = socket;
    // An error is told by the `close` that follows it.
    socket.on('error', () => {});
    this.gone = new Promise((resolve) => socket.once('close', () => resolve()));
  }

  /** Hands the wire to its owner. */
  open(acceptor: Acceptor): void {
    const socket = this.#socket;
    const listener = acceptor.accept(this);
    socket.on('data', (bytes: Buffer) => {
      if (!this.#over) listener.data(bytes);
    });
    socket.on('end', () => {
      if (!this.#over) this.#whenTrueEnd(() => listener.end());
    });
    socket.once('close', (failed) => {
      if (failed && !this.#over) listener.reset();
      this.#over = true;
    });
  }

  /**
   * An RST that comes with the last bytes is an end for libuv (Node 20 and 22, partial read and POLLHUP). A write of nothing tells them
   * apart: after an RST it fails, and `close` tells of a reset.
   */
  #whenTrueEnd(ended: () => void): void {
    const socket = this.#socket;
    if (!socket.writable || socket.writableEnded || socket.writableLength > 0) ended();
    else
      socket.write(NOTHING, (error) => {
        if (!error && !this.#over) ended();
      });
  }

  write(bytes: Buffer, done: () => void): void {
    const taken = () => {
      if (!this.#resetByUs) done();
    };
    if (this.#socket.writable) this.#socket.write(bytes, taken);
    else queueMicrotask(taken);
  }

  end(): void {
    this.#socket.end();
  }

  reset(): void {
    const socket = this.#socket;
    if (this.#over) return;
    this.#over = this.#resetByUs = true;
    // While a FIN is under way libuv refuses to reset, and Node would lose the open handle: it is out within a turn.
    const endUnderWay = socket.writableEnded && !socket.writableFinished && !socket.writableLength;
    if (endUnderWay) socket.once('finish', () => socket.resetAndDestroy());
    else socket.resetAndDestroy();
  }

  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }
}
