import type { Nanos } from '../clock/clock.ts';
import {
  type Acceptor,
  type Endpoint,
  type Listener,
  type Listening,
  placeText,
  type Transport,
} from '../shim/transport.ts';

interface Watched {
  readonly acceptor: Acceptor;
  readonly reached: () => void;
  /** What attempts met from when on, the latest last. */
  readonly states: { readonly from: Nanos; readonly state: Listening }[];
}

/** A network that does not see refused attempts itself, and is told of them by an observer in the client. */
export class ObservedTransport implements Transport {
  readonly #transport: Transport;
  readonly #now: () => Nanos;
  readonly #reached: (client: string) => void;
  readonly #watched = new Map<string, Watched>();

  /** `reached` hears of every attempt that is seen, whatever came of it. */
  constructor(
    transport: Transport,
    now: () => Nanos,
    reached: (client: string) => void = () => {},
  ) {
    this.#transport = transport;
    this.#now = now;
    this.#reached = reached;
  }

  async listen(endpoint: Endpoint, state: Listening, acceptor: Acceptor): Promise<Listener> {
    const reached = (): void => this.#reached(endpoint.client);
    const listener = await this.#transport.listen(endpoint, state, {
      attempted: (outcome, at) => acceptor.attempted(outcome, at),
      accept: (wire) => {
        reached();
        return acceptor.accept(wire);
      },
    });
    const watched: Watched = { acceptor, reached, states: [{ from: 0n, state }] };
    this.#watched.set(placeText(endpoint), watched);
    return {
      set: async (next) => {
        await listener.set(next);
        if (watched.states.at(-1)!.state !== next)
          watched.states.push({ from: this.#now(), state: next });
      },
      close: () => listener.close(),
    };
  }

  /** The endpoint there, for `observed`; undefined: there is none of this case. */
  endpointAt(address: string, port: number): string | undefined {
    const place = placeText({ address, port });
    return this.#watched.has(place) ? place : undefined;
  }

  /** A client tried to connect at that moment of case time. What a listener took it tells itself. */
  observed(place: string, at: Nanos): void {
    const watched = this.#watched.get(place);
    watched?.reached();
    const state = watched?.states.findLast(({ from }) => from <= at)?.state;
    if (state === 'refuse') watched!.acceptor.attempted('refused', at);
    else if (state === 'black-hole') watched!.acceptor.attempted('unanswered', at);
  }
}
