import type { Nanos } from '../../clock/clock.ts';
import type { Listening } from '../transport.ts';

/** A piece of what leaves the server in place of some bytes, and what happens to the connection after it. */
export interface Outgoing {
  readonly bytes: Buffer;
  /** How much later it may leave at the earliest. */
  readonly delayNs?: Nanos;
  /** How long the line is taken by it, from when it is free: the piece leaves at the end of that. */
  readonly takesNs?: Nanos;
  readonly then?: 'fin' | 'rst' | 'silence';
  /** How many of these bytes are not what the server meant. */
  readonly garbled?: number;
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
  /** The emulator sends bytes, one answer at a time; they leave as these pieces. */
  sending?(bytes: Buffer): readonly Outgoing[];
}

/** A wire fault, with its arguments read. It sees bytes and events, no dialect. */
export interface WireFault {
  /** What the next connection attempt meets; absent: an open listener. */
  readonly listening?: Listening;
  /** What happens to established connections when the fault begins: the server is gone, with an RST or without a word. */
  readonly established?: 'reset' | 'vanish';
  /** `seed`: of everything random on that connection. */
  connection?(seed: number): ConnectionFault;
}

/** Arguments are checked when the case is read; what is wrong here is our own mistake and throws. */
export type WireFaultMaker = (args: Readonly<Record<string, string>>) => WireFault;
