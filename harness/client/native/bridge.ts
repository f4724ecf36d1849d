// Between the virtual network and the sockets of a native client: real TCP over loopback, counted byte by byte.
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { MILLISECOND } from '../../clock/clock.ts';
import type { Dialed, Peer, VirtualNetwork } from '../../shim/transport-virtual.ts';
import { HarnessError } from '../process.ts';
import { ByteQueue } from './byte-queue.ts';
import {
  DELIVERED_END,
  DELIVERED_RESET,
  EVENT,
  type Connect,
  type ConnectionReport,
  type TurnEvent,
} from './protocol.ts';

/** What may lie unread at the client: less than the smallest receive window that Linux starts with. */
const WINDOW_BYTES = 32 * 1024;
/** Less than any send buffer: a client with more under way may be waiting for room. */
const ROOM_BYTES = 2048;

interface Connection {
  readonly id: bigint;
  readonly cookie: bigint;
  dialed: Dialed | undefined;
  /** What the network has decided. */
  outcome: number | undefined;
  /** The processes that know: a fork may have the socket too. */
  readonly told: Set<number>;
  /** Whoever waits for a connection has been woken for that. */
  outcomeShown: boolean;
  port: number | undefined;
  socket: Socket | undefined;
  /** From the network, not yet in the client's kernel. */
  readonly queue: ByteQueue;
  endDue: boolean;
  resetDue: boolean;
  delivered: number;
  deliveredFlags: number;
  /** The client's kernel has confirmed all of it. */
  confirmed: boolean;
  unread: number;
  /** From the client, not yet in the network. */
  readonly heard: ByteQueue;
  heardBytes: number;
  toldBytes: number;
  clientEnded: boolean;
  clientReset: boolean;
}

interface Wanted {
  readonly connection: Connection;
  readonly wanted: Connect;
  readonly reports: readonly ConnectionReport[];
}

export class Bridge {
  readonly #network: VirtualNetwork;
  readonly #changed: () => void;
  readonly #connections = new Map<bigint, Connection>();
  /** Accepted, but the client has not said yet whose they are; by its port. */
  readonly #strangers = new Map<number, Socket>();
  readonly #wanted: Wanted[] = [];
  #server: Server | undefined;

  /** `changed` is called when something real has happened that somebody may wait for. */
  constructor(network: VirtualNetwork, changed: () => void) {
    this.#network = network;
    this.#changed = changed;
  }

  async open(): Promise<void> {
    // A mark of one byte: no read follows another by itself.
    const options = { allowHalfOpen: true, noDelay: true, highWaterMark: 1 };
    const server = createServer(options, (socket) => this.#accept(socket));
    this.#server = server;
    await new Promise<void>((done, fail) => {
      server.once('error', (error) =>
        fail(new HarnessError(`no bridge for the client: ${error.message}`)),
      );
      server.listen({ host: '127.0.0.1', port: 0, backlog: 511 }, done);
    });
  }

  get port(): bigint {
    return BigInt((this.#server!.address() as AddressInfo).port);
  }

  close(): void {
    for (const { socket, dialed } of this.#connections.values()) {
      dialed?.close();
      socket?.destroy();
    }
    for (const socket of this.#strangers.values()) socket.destroy();
    this.#connections.clear();
    this.#server?.close();
  }

  #accept(socket: Socket): void {
    this.#strangers.set(socket.remotePort!, socket);
    socket.on('error', () => {});
    for (const connection of this.#connections.values())
      if (!connection.socket && connection.port === socket.remotePort) this.#pair(connection);
    this.#changed();
  }

  /**
   * A process has asked for a connection. `reports` are those of the whole client at that moment: the network hears first
   * what came before.
   */
  connect(wanted: Connect, reports: readonly ConnectionReport[]): void {
    const { id, cookie } = wanted;
    const connection: Connection = {
      id,
      cookie,
      dialed: undefined,
      outcome: undefined,
      told: new Set(),
      outcomeShown: false,
      port: undefined,
      socket: undefined,
      queue: new ByteQueue(),
      endDue: false,
      resetDue: false,
      delivered: 0,
      deliveredFlags: 0,
      confirmed: true,
      unread: 0,
      heard: new ByteQueue(),
      heardBytes: 0,
      toldBytes: 0,
      clientEnded: false,
      clientReset: false,
    };
    this.#connections.set(id, connection);
    this.#wanted.push({ connection, wanted, reports });
  }

  #dial({ connection, wanted, reports }: Wanted): void {
    this.#tell(reports);
    const giveUp = wanted.patienceMs ? BigInt(wanted.patienceMs) * MILLISECOND : undefined;
    const peer = {
      connected: () => (connection.outcome = EVENT.connected),
      failed: (code: string) =>
        (connection.outcome = code === 'ECONNREFUSED' ? EVENT.refused : EVENT.timedOut),
      data: (bytes: Buffer) => connection.queue.push(bytes),
      end: () => (connection.endDue = true),
      reset: () => (connection.resetDue = true),
    } satisfies Peer;
    connection.dialed = this.#network.dial(wanted.address, wanted.port, peer, giveUp);
  }

  /** The client's kernel has connected its socket to us, from `port`. */
  bridged(id: bigint, port: number): void {
    const connection = this.#connections.get(id);
    if (!connection) return;
    connection.port = port;
    if (this.#strangers.has(port)) this.#pair(connection);
  }

  #pair(connection: Connection): void {
    const socket = this.#strangers.get(connection.port!)!;
    this.#strangers.delete(connection.port!);
    connection.socket = socket;
    // libuv takes a reset that came with the last bytes for an end, unless reading stands still behind each piece.
    const read = () => {
      const bytes = socket.read() as Buffer | null;
      if (bytes === null) return;
      connection.heard.push(bytes);
      connection.heardBytes += bytes.length;
      this.#changed();
    };
    socket.on('readable', () => setImmediate(read));
    socket.on('end', () => {
      connection.clientEnded = true;
      this.#changed();
    });
    socket.on('error', () => {
      connection.clientReset = true;
      this.#changed();
    });
    socket.on('close', () => this.#changed());
  }

  /** True when the network has something for the client that it can be told now. Who sleeps is told when it wakes. */
  get pending(): boolean {
    return [...this.#connections.values()].some(
      (connection) =>
        (connection.outcome !== undefined && !connection.outcomeShown) || deliverable(connection),
    );
  }

  /** Hands the client's kernel what has come for it. True when there was anything. */
  async deliver(): Promise<boolean> {
    let moved = false;
    for (const connection of this.#connections.values()) {
      // Once: it may be the turn of others before its own.
      if (connection.outcome !== undefined && !connection.outcomeShown)
        moved = connection.outcomeShown = true;
      if (!deliverable(connection)) continue;
      moved = true;
      connection.confirmed = false;
      await this.#send(connection);
    }
    return moved;
  }

  async #send(connection: Connection): Promise<void> {
    const socket = connection.socket!;
    if (connection.resetDue) {
      connection.queue.clear();
      connection.deliveredFlags |= DELIVERED_RESET;
      socket.resetAndDestroy();
      return;
    }
    const part = connection.queue.take(WINDOW_BYTES - connection.unread);
    connection.delivered += part.length;
    connection.unread += part.length;
    if (part.length > 0) await new Promise<void>((done) => socket.write(part, () => done()));
    if (!connection.endDue || connection.queue.length > 0) return;
    connection.deliveredFlags |= DELIVERED_END;
    await new Promise<void>((done) => socket.end(() => done()));
  }

  /** What a turn of this process has to begin with; `fresh`: it has not reported yet what it has inherited. */
  eventsFor(pid: number, reports: readonly ConnectionReport[], fresh: boolean): TurnEvent[] {
    const events: TurnEvent[] = [];
    for (const connection of this.#connections.values()) {
      const { id, outcome, told, delivered, deliveredFlags } = connection;
      const report = reports.find((one) => one.id === id);
      if (outcome !== undefined && !told.has(pid) && (fresh || report?.pending === true)) {
        events.push({ type: outcome, id });
        told.add(pid);
      }
      if (connection.confirmed || !report) continue;
      events.push({ type: EVENT.delivered, id, flags: deliveredFlags, value: BigInt(delivered) });
      connection.confirmed = true;
    }
    return events;
  }

  /** For a new program in an old process, or a new process: the connections that it may have inherited. */
  held(): TurnEvent[] {
    return [...this.#connections.values()].map(({ id, cookie }) => ({
      type: EVENT.held,
      id,
      value: cookie,
    }));
  }

  /** True once all that the client has sent, ended and closed is here. */
  settled(reports: readonly ConnectionReport[]): boolean {
    return [...this.#connections.values()].every((connection) => {
      const { port, socket, heardBytes, clientEnded, clientReset } = connection;
      if (port === undefined) return true;
      if (!socket) return false;
      if (clientEnded || clientReset || socket.destroyed) return true;
      const report = reports.find(({ id }) => id === connection.id);
      return report !== undefined && !report.ended && heardBytes >= report.written;
    });
  }

  /** True when a client may be waiting for room in a send buffer that has been emptied since. */
  crowded(reports: readonly ConnectionReport[]): boolean {
    return reports.some(({ id, written }) => {
      const connection = this.#connections.get(id);
      return connection !== undefined && written - connection.heardBytes >= ROOM_BYTES;
    });
  }

  note(reports: readonly ConnectionReport[]): void {
    for (const { id, unread } of reports) {
      const connection = this.#connections.get(id);
      if (connection) connection.unread = unread;
    }
  }

  /** Gives the network what the client did. `reports` are those of all its processes, at rest and settled. */
  flush(reports: readonly ConnectionReport[]): void {
    for (const wanted of this.#wanted.splice(0)) this.#dial(wanted);
    this.#tell(reports);
  }

  /** What the client had done when `reports` were made. */
  #tell(reports: readonly ConnectionReport[]): void {
    const open = new Map(reports.map((report) => [report.id, report]));
    for (const connection of this.#connections.values()) {
      const { id, dialed, socket, heard, toldBytes } = connection;
      if (!dialed) continue;
      const report = open.get(id);
      const part = heard.take(report ? Math.max(0, report.written - toldBytes) : heard.length);
      connection.toldBytes += part.length;
      if (part.length > 0) dialed.write(part);
      if (report && !report.ended) continue;
      if (connection.clientReset && !connection.resetDue) dialed.reset();
      else if (connection.clientEnded) dialed.end();
      if (report) continue;
      if (!connection.clientReset) dialed.close();
      socket?.destroy();
      this.#connections.delete(id);
    }
  }
}

function deliverable({
  socket,
  queue,
  endDue,
  resetDue,
  deliveredFlags,
  unread,
}: Connection): boolean {
  if (!socket || (deliveredFlags & DELIVERED_RESET) !== 0) return false;
  if (resetDue) return true;
  if (queue.length > 0) return unread < WINDOW_BYTES;
  return endDue && (deliveredFlags & DELIVERED_END) === 0;
}
