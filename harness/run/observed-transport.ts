import type { Nanos } from '../clock/clock.ts';
import type { Acceptor, Endpoint, Listener, Listening, Transport } from '../shim/transport.ts';

interface Watched {
  readonly acceptor: Acceptor;
  /** What attempts met from when on, the latest last. */
  readonly states: { readonly from: Nanos; readonly state: Listening }[];
}

/** A network that does not see refused attempts itself, and is told of them by an observer in the client. */
export class ObservedTransport implements Transport {
  readonly #transport: Transport;
  readonly #now: () => Nanos;
  readonly #watched = new Map<string, Watched>();

  constructor(transport: Transport, now: () => Nanos) {
    this.#transport = transport;
    this.#now = now;
  }

  async listen(endpoint: Endpoint, state: Listening, acceptor: Acceptor): Promise<Listener> {
    const listener = await this.#transport.listen(endpoint, state, acceptor);
    const watched: Watched = { acceptor, states: [{ from: 0n, state }] };
    this.#watched.set(`${endpoint.address}:${endpoint.port}`, watched);
    return {
      set: async (next) => {
        await listener.set(next);
        if (watched.states.at(-1)!.state !== next)
          watched.states.push({ from: this.#now(), state: next });
      },
      close: () => listener.close(),
    };
  }

  /** A client tried to connect at that moment of case time. What a listener took it tells itself. */
  observed(address: string, at: Nanos): void {
    const watched = this.#watched.get(address);
    const state = watched?.states.findLast(({ from }) => from <= at)?.state;
    if (state === 'refuse') watched!.acceptor.attempted('refused', at);
    else if (state === 'black-hole') watched!.acceptor.attempted('unanswered', at);
  }
}
