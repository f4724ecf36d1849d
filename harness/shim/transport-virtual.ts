import { MILLISECOND, SECOND, type Clock, type Nanos } from '../clock/clock.ts';
import { boundAddresses, plainAddress } from './plain-address.ts';
import {
  type Acceptor,
  type Endpoint,
  type Listener,
  type Listening,
  placeText,
  type Transport,
  type Wire,
  type WireListener,
} from './transport.ts';

/** One way, for every packet: small against any interval of the field, large enough to order events. */
const LATENCY: Nanos = MILLISECOND;
/** Linux sends a SYN again after 1, 3, 7 … s and gives up after 127 s (tcp_syn_retries = 6). */
const SYN_TIMES: readonly Nanos[] = [0n, 1n, 3n, 7n, 15n, 31n, 63n].map((s) => s * SECOND);
const SYN_GIVE_UP: Nanos = 127n * SECOND;

/** What the client's end of a connection hears. */
export interface Peer {
  connected(): void;
  failed(code: 'ECONNREFUSED' | 'ETIMEDOUT'): void;
  data(bytes: Buffer): void;
  end(): void;
  reset(): void;
}

/** The client's end of a connection, from the moment of its first SYN. */
export interface Dialed {
  write(bytes: Buffer): void;
  end(): void;
  reset(): void;
  /** The process closed the socket, or died: FIN, and nothing more is heard. */
  close(): void;
}

interface Bound {
  state: Listening;
  readonly acceptor: Acceptor;
}

/** A TCP network without a kernel: everything takes 1 ms, nothing is lost, all of it on the clock. */
export class VirtualNetwork implements Transport {
  readonly #clock: Clock;
  readonly #bound: Map<string, Bound>;
  readonly #strayed: (address: string, port: number) => void;
  readonly #isOurs: (port: number) => boolean;

  constructor(
    clock: Clock,
    bound = new Map<string, Bound>(),
    strayed: (address: string, port: number) => void = () => {},
    isOurs: (port: number) => boolean = () => true,
  ) {
    this.#clock = clock;
    this.#bound = bound;
    this.#strayed = strayed;
    this.#isOurs = isOurs;
  }

  /**
   * The same network, for one of its clients: `strayed` hears of its attempts at places where nobody is, or one that is not
   * ours.
   */
  usedBy(
    strayed: (address: string, port: number) => void,
    isOurs?: (port: number) => boolean,
  ): VirtualNetwork {
    return new VirtualNetwork(this.#clock, this.#bound, strayed, isOurs);
  }

  async listen(endpoint: Endpoint, state: Listening, acceptor: Acceptor): Promise<Listener> {
    const places = placesOf(endpoint.address, endpoint.port);
    const taken = places.find((place) => this.#bound.has(place));
    if (taken !== undefined) throw new Error(`${taken} is bound twice`);
    const bound: Bound = { state, acceptor };
    for (const place of places) this.#bound.set(place, bound);
    return {
      set: async (next) => void (bound.state = next),
      close: async () => {
        for (const place of places) this.#bound.delete(place);
      },
    };
  }

  /** True where a server is, whether or not it answers. */
  has(address: string, port: number): boolean {
    return this.#bound.has(placeText({ address: plainAddress(address), port }));
  }

  /** True where a SYN would be answered now. */
  isOpen(address: string, port: number): boolean {
    return placesOf(address, port).some((place) => this.#bound.get(place)?.state === 'open');
  }

  /** Opens a connection. A place where nobody is refuses it, without a word in the trace; one that does not answer is given up after `giveUp`. */
  dial(address: string, port: number, peer: Peer, giveUp: Nanos = SYN_GIVE_UP): Dialed {
    const to = { address: plainAddress(address), port };
    const place = placeText(to);
    if (!this.has(address, port) || !this.#isOurs(port)) this.#strayed(to.address, port);
    return new Link(this.#clock, () => this.#bound.get(place), peer, giveUp);
  }
}

function placesOf(address: string, port: number): readonly string[] {
  return boundAddresses(address).map((one) => placeText({ address: one, port }));
}

/** One connection: two ends, and packets under way between them. */
class Link implements Dialed {
  readonly #clock: Clock;
  readonly #endpoint: () => Bound | undefined;
  readonly #peer: Peer;
  readonly #giveUp: Nanos;
  #server: WireListener | undefined;
  /** False once the client can hear nothing more. */
  #clientOpen = true;
  /** False once the server can hear nothing more. */
  #serverOpen = true;
  #clientEnded = false;
  #serverEnded = false;
  #paused = true;
  readonly #unread: (Buffer | 'end')[] = [];

  constructor(clock: Clock, endpoint: () => Bound | undefined, peer: Peer, giveUp: Nanos) {
    this.#clock = clock;
    this.#endpoint = endpoint;
    this.#peer = peer;
    this.#giveUp = giveUp;
    this.#sendSyn(clock.now(), 0);
  }

  #later(delay: Nanos, action: () => void): void {
    this.#clock.at(this.#clock.now() + delay, action);
  }

  #sendSyn(start: Nanos, attempt: number): void {
    const due = SYN_TIMES[attempt];
    if (due === undefined || due >= this.#giveUp)
      this.#clock.at(start + this.#giveUp, () => this.#fail('ETIMEDOUT'));
    else this.#clock.at(start + due + LATENCY, () => this.#synArrived(start, attempt));
  }

  #synArrived(start: Nanos, attempt: number): void {
    // A closed socket repeats no SYN, but the first one was on its way.
    if (attempt > 0 && !this.#clientOpen) return;
    const bound = this.#endpoint();
    const state = bound?.state ?? 'refuse';
    if (state === 'black-hole') {
      if (attempt === 0) bound!.acceptor.attempted('unanswered');
      this.#sendSyn(start, attempt + 1);
    } else if (state === 'refuse') {
      bound?.acceptor.attempted('refused');
      this.#later(LATENCY, () => this.#fail('ECONNREFUSED'));
    } else {
      // The SYN-ACK leaves before anything that the server does with the new connection.
      this.#toClient(() => this.#peer.connected());
      this.#server = bound!.acceptor.accept(this.#wire());
      if (this.#clientEnded) this.#toServer('end');
    }
  }

  #fail(code: 'ECONNREFUSED' | 'ETIMEDOUT'): void {
    this.#serverOpen = false;
    if (this.#clientOpen) this.#peer.failed(code);
    this.#clientOpen = false;
  }

  #wire(): Wire {
    return {
      write: (bytes, done) => {
        const copy = Buffer.from(bytes);
        if (!this.#serverEnded) this.#toClient(() => this.#peer.data(copy));
        done();
      },
      end: () => {
        if (this.#serverEnded) return;
        this.#serverEnded = true;
        this.#toClient(() => {
          this.#peer.end();
          if (this.#clientEnded) this.#clientOpen = false;
        });
      },
      reset: () => {
        this.#serverEnded = true;
        this.#serverOpen = false;
        this.#toClient(() => {
          this.#clientOpen = false;
          this.#peer.reset();
        });
      },
      pause: () => void (this.#paused = true),
      resume: () => {
        this.#paused = false;
        this.#drain();
      },
    };
  }

  #toClient(action: () => void): void {
    this.#later(LATENCY, () => this.#clientOpen && action());
  }

  #toServer(packet: Buffer | 'end'): void {
    this.#later(LATENCY, () => {
      if (!this.#serverOpen) return;
      this.#unread.push(packet);
      this.#drain();
    });
  }

  #drain(): void {
    while (!this.#paused && this.#serverOpen) {
      const packet = this.#unread.shift();
      if (packet === undefined) return;
      if (packet === 'end') this.#server!.end();
      else this.#server!.data(packet);
    }
  }

  write(bytes: Buffer): void {
    if (!this.#clientEnded) this.#toServer(bytes);
  }

  end(): void {
    if (this.#clientEnded) return;
    this.#clientEnded = true;
    this.#toServer('end');
  }

  reset(): void {
    this.#clientOpen = false;
    this.#clientEnded = true;
    if (!this.#server) return;
    this.#later(LATENCY, () => {
      if (!this.#serverOpen) return;
      this.#serverOpen = false;
      this.#server!.reset();
    });
  }

  close(): void {
    this.#clientOpen = false;
    // Before the SYN has arrived there is nobody to send a FIN to yet: the accept does it.
    if (this.#server) this.end();
    else this.#clientEnded = true;
  }
}
