// The listening socket before one face of a real server: open while that one listens, closed once it has refused.
import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { MACHINE } from '../clock/machine.ts';
import { TransportError } from '../shim/transport.ts';
import type { UpstreamAddress } from '../shim/upstream.ts';

/** How often a server that refuses is tried. */
const PROBE_MS = 250;
const PROBE_TIMEOUT_MS = 2_000;

export interface GateOptions {
  readonly name: string;
  readonly address: string;
  readonly port: number;
  readonly upstream: UpstreamAddress;
  accept(socket: Socket): void;
  /** The listener is closed from now on, or open again. */
  changed(isOpen: boolean): void;
  problem(text: string): void;
}

export class Gate {
  readonly #options: GateOptions;
  #server: Server | undefined;
  #cancel: () => void = () => {};
  #isStopped = false;

  constructor(options: GateOptions) {
    this.#options = options;
  }

  /** Throws a TransportError that names address and remedy. */
  async open(): Promise<void> {
    const { name, address, port } = this.#options;
    const server = createServer({ pauseOnConnect: true, allowHalfOpen: true, noDelay: true });
    server.on('connection', (socket) => this.#options.accept(socket));
    try {
      server.listen({ host: address, port, backlog: 1024 });
      await once(server, 'listening');
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException;
      const why = REMEDIES[code ?? ''] ?? message;
      throw new TransportError(`${name} cannot be offered at ${address}:${port}: ${why}`, {
        cause: error,
      });
    }
    server.on('error', (error) => this.#options.problem(`${name}: ${error.message}`));
    if (this.#isStopped) server.close();
    else this.#server = server;
  }

  /** The real server refuses: so do we, until it listens again. */
  refuse(): void {
    if (!this.#server || this.#isStopped) return;
    this.#leave();
    this.#options.changed(false);
    this.#probeLater();
  }

  stop(): void {
    this.#isStopped = true;
    this.#cancel();
    this.#leave();
  }

  #leave(): void {
    // The listening socket is closed within the call; its `close` event waits for every connection.
    this.#server?.close();
    this.#server = undefined;
  }

  #probeLater(): void {
    this.#cancel = MACHINE.after(PROBE_MS, () => this.#probe());
  }

  #probe(): void {
    const { host, port } = this.#options.upstream;
    const socket = connect({ host, port, timeout: PROBE_TIMEOUT_MS });
    const end = (isThere: boolean): void => {
      socket.destroy();
      if (this.#isStopped) return;
      if (isThere) void this.#reopen();
      else this.#probeLater();
    };
    socket.once('connect', () => end(true));
    socket.once('timeout', () => end(false));
    socket.once('error', () => end(false));
    this.#cancel = () => socket.destroy();
  }

  async #reopen(): Promise<void> {
    try {
      await this.open();
      if (!this.#isStopped) this.#options.changed(true);
    } catch (error) {
      this.#options.problem((error as Error).message);
      if (!this.#isStopped) this.#probeLater();
    }
  }
}

const REMEDIES: Readonly<Record<string, string>> = {
  EADDRINUSE: 'another program listens there; name another port behind the @',
  EADDRNOTAVAIL: 'this machine has no such address',
  EACCES: 'this user may not listen there: a port of 1024 or more is free to all',
};
