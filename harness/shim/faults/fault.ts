import type { Nanos } from '../../clock/clock.ts';
import type { Listening } from '../transport.ts';

/** What leaves the server in place of some bytes, and what happens to the connection after them. */
export interface Outgoing {
  readonly bytes: Buffer;
  /** How much later they leave. */
  readonly delayNs?: Nanos;
  readonly then?: 'fin' | 'rst' | 'silence';
}

/**
 * What a fault does to one connection: it decides, the connection acts.
 * One object per connection, so that a fault may remember what it has seen there.
 */
export interface ConnectionFault {
  /** The connection was just accepted. */
  accepted?(): 'reset' | undefined;
  /** Bytes came from the client. */
  received?(): 'swallow' | undefined;
  /** The emulator has read a whole request. */
  request?(): 'reset' | undefined;
  /** The emulator noted an event, before it answers. */
  noted?(event: string): 'silence' | undefined;
  /** The emulator sends bytes. */
  sending?(bytes: Buffer): Outgoing;
}

/** A wire fault, with its arguments read. It sees bytes and events, no dialect. */
export interface WireFault {
  /** What the next connection attempt meets; absent: an open listener. */
  readonly listening?: Listening;
  /** The server is gone: established connections are reset when the fault begins. */
  readonly resetsEstablished?: boolean;
  connection?(): ConnectionFault;
}

/** Arguments are checked when the case is read; what is wrong here is our own mistake and throws. */
export type WireFaultMaker = (args: Readonly<Record<string, string>>) => WireFault;
