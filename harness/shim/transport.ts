// What the shim needs of a network. Two implementations: real sockets, and a virtual network for clients in virtual time.
import type { Nanos } from '../clock/clock.ts';

/** The network of this machine does not do what a case needs; the message names the remedy where there is one. */
export class TransportError extends Error {}

/** What a connection attempt meets at an endpoint. */
export type Listening = 'open' | 'refuse' | 'black-hole';

/** One face of one server as one client reaches it: address and port name server, face and client. */
export interface Endpoint {
  readonly server: string;
  readonly face: string;
  readonly client: string;
  readonly address: string;
  readonly port: number;
}

/** `127.1.2.3:7280`, `[::1]:7280`: as URLs write it (RFC 3986 §3.2.2). */
export function placeText({ address, port }: Pick<Endpoint, 'address' | 'port'>): string {
  return `${address.includes(':') ? `[${address}]` : address}:${port}`;
}

/** The server's end of one accepted connection. */
export interface Wire {
  /** Sends bytes to the client; `done` is called once when the network has taken them, or can't any more. */
  write(bytes: Buffer, done: () => void): void;
  /** Sends a FIN; the client may still send. */
  end(): void;
  /** Sends an RST. Nothing is called after it. */
  reset(): void;
  /** Stops and starts reading. A new wire is paused. */
  pause(): void;
  resume(): void;
}

/** What the client does on an accepted connection. */
export interface WireListener {
  data(bytes: Buffer): void;
  /** The client sent a FIN. */
  end(): void;
  /** The client, or the network, reset the connection. */
  reset(): void;
}

/** Who owns an endpoint: hears of attempts and takes connections. */
export interface Acceptor {
  /** A connection was accepted; the result listens to it. The wire may be used from here on. */
  accept(wire: Wire): WireListener;
  /** An attempt was refused or not answered; `at` when that was, if not now. Only networks that see it tell. */
  attempted(outcome: 'refused' | 'unanswered', at?: Nanos): void;
}

export interface Listener {
  /** Changes what the next attempt meets. Resolves once it is true on the wire. */
  set(state: Listening): Promise<void>;
  close(): Promise<void>;
}

export interface Transport {
  /** Binds an endpoint, already in its state. Rejects with a message that names address and remedy. */
  listen(endpoint: Endpoint, state: Listening, acceptor: Acceptor): Promise<Listener>;
}
