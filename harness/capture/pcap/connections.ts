// All connections of a capture: which segment is of which, and what may be forgotten when.
import type { Side } from '../decode.ts';
import type { Held } from './byte-stream.ts';
import { Connection, type ConnectionListener } from './connection.ts';
import type { Segment } from './tcp.ts';

export interface ConnectionsOptions {
  /** Whether a server that is of interest listens there. */
  isServer(address: string, port: number): boolean;
  /** A new connection; `offset` of its first packet in the file. */
  open(client: string, server: string, port: number, offset: number): ConnectionListener;
  /** Too many connections are open at a time: one is no longer followed. */
  forgotten(offset: number): void;
  /** What may wait out of order, bytes over all connections. */
  readonly maxHeldBytes?: number;
}

const MAX_HELD_BYTES = 64 * 1024 * 1024;
const MAX_CONNECTIONS = 100_000;
/** Retransmissions come after the end. */
const MAX_OVER = 4096;
const SECOND_NS = 1_000_000_000n;
/** Acknowledged bytes that are not there may only have been captured a little late. */
const REORDERING_NS = 10_000_000n;
/** Bytes that nobody has acknowledged may be sent again for that long. */
const RETRANSMISSION_NS = 60n * SECOND_NS;
/** Linux gives a SYN up after 127 s; others sooner. */
const SYN_NS = 130n * SECOND_NS;
/** A SYN that was sent less than that before the capture ended may have been answered. */
const SHORTEST_WAIT_NS = SECOND_NS;

interface Known {
  readonly key: string;
  readonly connection: Connection;
  readonly since: bigint;
  /** When what is missing now began to be missing; undefined when nothing is. */
  waitsSince?: bigint | undefined;
  position?: number;
}

export class Connections {
  readonly #options: ConnectionsOptions;
  readonly #maxHeldBytes: number;
  readonly #held: Held = { bytes: 0 };
  readonly #known = new Map<string, Known>();
  readonly #waiting = new Set<Known>();
  readonly #tried = new Set<Known>();
  readonly #over = new Set<Known>();

  constructor(options: ConnectionsOptions) {
    this.#options = options;
    this.#maxHeldBytes = options.maxHeldBytes ?? MAX_HELD_BYTES;
  }

  /** Bytes that wait out of order. */
  get heldBytes(): number {
    return this.#held.bytes;
  }

  /** Returns false for a segment that is of no server of interest. `now`, ns, does not run backward. */
  segment(segment: Segment, now: bigint, offset: number): boolean {
    const known = this.#find(segment, now, offset);
    if (known === undefined) return false;
    if (known.entry) this.#tell(known.entry, known.side, segment, now);
    this.#forgetWaiting(now);
    return true;
  }

  /** The capture is over. Returns how many SYNs came too late in it to tell what became of them. */
  finish(now: bigint): number {
    let undecided = 0;
    for (const { connection, since } of this.#known.values()) {
      if (connection.isTried && now - since < SHORTEST_WAIT_NS) undecided++;
      else connection.finish();
    }
    return undecided;
  }

  #find(
    segment: Segment,
    now: bigint,
    offset: number,
  ): { readonly entry?: Known; readonly side: Side } | undefined {
    const { source, sourcePort, target, targetPort } = segment;
    const isToServer = this.#options.isServer(target, targetPort);
    const isFromServer = this.#options.isServer(source, sourcePort);
    if (!isToServer && !isFromServer) return undefined;
    let side: Side = isFromServer ? 'server' : 'client';
    // A client may come from a port that a server could have.
    if (isToServer && isFromServer)
      side = segment.isSyn
        ? segment.isAck
          ? 'server'
          : 'client'
        : this.#known.has(keyOf(target, targetPort, source, sourcePort))
          ? 'server'
          : 'client';
    const key =
      side === 'client'
        ? keyOf(source, sourcePort, target, targetPort)
        : keyOf(target, targetPort, source, sourcePort);
    let entry = this.#known.get(key);
    if (entry?.connection.isSucceededBy(segment)) {
      this.#forget(entry);
      entry = undefined;
    }
    if (!entry) {
      // What only ends a connection does not begin one.
      if (segment.isRst) return { side };
      if (!segment.isSyn && segment.payload.length + segment.cutBytes === 0) return { side };
      entry = this.#begin(key, side, segment, now, offset);
    }
    return { entry, side };
  }

  #begin(key: string, side: Side, segment: Segment, now: bigint, offset: number): Known {
    const { source, target, sourcePort, targetPort } = segment;
    const [client, server, port] =
      side === 'client' ? [source, target, targetPort] : [target, source, sourcePort];
    const listener = this.#options.open(client, server, port, offset);
    const entry = { key, connection: new Connection(listener, this.#held), since: now };
    this.#known.set(key, entry);
    const [oldest] = this.#known.values();
    if (this.#known.size > MAX_CONNECTIONS && oldest) {
      this.#options.forgotten(offset);
      this.#forget(oldest);
    }
    return entry;
  }

  #tell(entry: Known, side: Side, segment: Segment, now: bigint): void {
    const { connection } = entry;
    connection.segment(side, segment);
    if (connection.isTried) this.#tried.add(entry);
    else this.#tried.delete(entry);
    this.#settle(entry, now);
    if (entry.waitsSince === undefined || now - entry.waitsSince < REORDERING_NS) return;
    connection.giveUp('not-captured', true);
    this.#settle(entry, now);
  }

  /** Whenever something comes out, the wait for what is missing next begins anew. */
  #settle(entry: Known, now: bigint): void {
    const { connection } = entry;
    const { position } = connection;
    if (connection.waits && entry.waitsSince !== undefined && entry.position === position) return;
    this.#waiting.delete(entry);
    entry.position = position;
    entry.waitsSince = connection.waits ? now : undefined;
    if (connection.waits) this.#waiting.add(entry);
    if (connection.isOver) this.#over.add(entry);
  }

  /** Sets are in the order of insertion: the oldest stands first. */
  #forgetWaiting(now: bigint): void {
    for (const entry of this.#waiting) {
      const isTooMuch = this.#held.bytes > this.#maxHeldBytes;
      const isTooOld = now - entry.waitsSince! >= RETRANSMISSION_NS;
      if (!isTooMuch && !isTooOld) break;
      while (entry.connection.waits && (isTooOld || this.#held.bytes > this.#maxHeldBytes))
        entry.connection.giveUp(isTooOld ? 'not-captured' : 'order-limit', false);
      this.#settle(entry, now);
    }
    for (const entry of this.#tried) {
      if (now - entry.since < SYN_NS) break;
      this.#forget(entry);
    }
    for (const entry of this.#over) {
      if (this.#over.size <= MAX_OVER) break;
      this.#forget(entry);
    }
  }

  #forget(entry: Known): void {
    entry.connection.finish();
    this.#waiting.delete(entry);
    this.#tried.delete(entry);
    this.#over.delete(entry);
    if (this.#known.get(entry.key) === entry) this.#known.delete(entry.key);
  }
}

function keyOf(client: string, clientPort: number, server: string, serverPort: number): string {
  return `${client} ${clientPort} ${server} ${serverPort}`;
}
