import { once } from 'node:events';
import { createServer, type Server } from 'node:net';
import { BlackHoles } from './black-holes.ts';
import {
  type Acceptor,
  type Endpoint,
  type Listener,
  type Listening,
  placeText,
  type Transport,
  TransportError,
} from './transport.ts';
import { RealWire } from './wire-real.ts';

/**
 * Real sockets on loopback. `open` is a listener, `refuse` is none, and a black hole is a listener whose queue is full, so that
 * Linux leaves the SYN unanswered: the attempt goes on with the client's next SYN (1, 3, 7 s …) after the black hole is lifted.
 */
export class RealTransport implements Transport {
  readonly #holes = new BlackHoles();
  readonly #acceptFailed: (error: Error) => void;
  #listeners = 0;

  /** `acceptFailed` hears of connections that our own process could not take (out of descriptors): no client is to blame. */
  constructor(acceptFailed: (error: Error) => void = (error) => process.emitWarning(error)) {
    this.#acceptFailed = acceptFailed;
  }

  async listen(endpoint: Endpoint, state: Listening, acceptor: Acceptor): Promise<Listener> {
    const listener = new RealListener(endpoint, acceptor, this.#holes, this.#acceptFailed);
    this.#listeners++;
    const close = async () => {
      await listener.close();
      if (--this.#listeners === 0) await this.#holes.end();
    };
    try {
      await listener.bind(state);
    } catch (error) {
      await close();
      throw error;
    }
    let closing: Promise<void> | undefined;
    return { set: (next) => listener.set(next), close: () => (closing ??= close()) };
  }
}

class RealListener implements Listener {
  readonly #endpoint: Endpoint;
  readonly #acceptor: Acceptor;
  readonly #holes: BlackHoles;
  readonly #acceptFailed: (error: Error) => void;
  readonly #wires = new Set<RealWire>();
  #server: Server | undefined;
  #state: Listening = 'refuse';
  /** One change after the other: each starts from what the one before left. */
  #changes: Promise<void> = Promise.resolve();
  #closed = false;

  constructor(
    endpoint: Endpoint,
    acceptor: Acceptor,
    holes: BlackHoles,
    acceptFailed: (error: Error) => void,
  ) {
    this.#endpoint = endpoint;
    this.#acceptor = acceptor;
    this.#holes = holes;
    this.#acceptFailed = acceptFailed;
  }

  /** An endpoint that refuses is bound for a moment too: what another program listens on would not refuse. */
  async bind(state: Listening): Promise<void> {
    if (state === 'refuse') await this.set('open');
    await this.set(state);
  }

  /** After `close` it does nothing. */
  set(state: Listening): Promise<void> {
    const change = this.#changes.then(() => this.#change(state));
    this.#changes = change.catch(() => {});
    return change;
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#changes;
    await this.#leave();
    const gone = [...this.#wires].map((wire) => wire.gone);
    for (const wire of this.#wires) wire.reset();
    await Promise.all(gone);
  }

  async #change(next: Listening): Promise<void> {
    if (this.#closed || next === this.#state) return;
    try {
      if (next === 'black-hole') await this.#holes.prepare();
      await this.#leave();
      if (next === 'black-hole')
        await this.#holes.open(this.#endpoint.address, this.#endpoint.port);
      if (next === 'open') this.#server = await this.#open();
    } catch (error) {
      throw describe(this.#endpoint, next, error as NodeJS.ErrnoException);
    }
    this.#state = next;
  }

  /** Nobody listens afterwards. */
  async #leave(): Promise<void> {
    const state = this.#state;
    this.#state = 'refuse';
    // The listening socket is closed within the call; its `close` event waits for every connection.
    this.#server?.close();
    this.#server = undefined;
    if (state === 'black-hole')
      await this.#holes.close(this.#endpoint.address, this.#endpoint.port);
  }

  async #open(): Promise<Server> {
    const { address, port } = this.#endpoint;
    const server = createServer({ pauseOnConnect: true, allowHalfOpen: true, noDelay: true });
    server.on('connection', (socket) => {
      const wire = new RealWire(socket);
      this.#wires.add(wire);
      void wire.gone.then(() => this.#wires.delete(wire));
      wire.open(this.#acceptor);
    });
    server.listen({ host: address, port });
    await once(server, 'listening');
    server.on('error', this.#acceptFailed);
    return server;
  }
}

const REMEDIES: Readonly<Record<string, string>> = {
  EADDRINUSE: 'another program listens there: end it, or wait until it has ended',
  EADDRNOTAVAIL:
    'this system has no such address: Linux has all of 127.0.0.0/8, elsewhere it has to be added to the loopback interface',
  EACCES: 'this user may not listen there: a port of 1024 or more is free to all',
  MODULE_NOT_FOUND: 'Meterproof is not compiled: run npm run build',
};

function describe(endpoint: Endpoint, state: Listening, error: NodeJS.ErrnoException): Error {
  const { server, face, client } = endpoint;
  const reason = REMEDIES[error.code ?? ''] ?? error.message;
  return new TransportError(
    `${server}.${face} for ${client} cannot be ${STATES[state]} at ${placeText(endpoint)}: ${reason}`,
    { cause: error },
  );
}

const STATES: Readonly<Record<Listening, string>> = {
  open: 'opened',
  refuse: 'closed',
  'black-hole': 'made a black hole',
};
