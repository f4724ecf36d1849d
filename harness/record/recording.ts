// A session between clients and their real servers: relayed, and kept as it comes. What it means is made of it afterwards.
import type { Socket } from 'node:net';
import type { Clock, Nanos } from '../clock/clock.ts';
import type { UpstreamAddress } from '../shim/upstream.ts';
import { Gate } from './gate.ts';
import { KIND, type Kind } from './raw-format.ts';
import type { RawWriter } from './raw-writer.ts';
import { RelayedConnection } from './relayed-connection.ts';

/** One face of a real server, and where clients find it. */
export interface RecordedFace {
  readonly server: string;
  readonly face: string;
  readonly upstream: UpstreamAddress;
  readonly address: string;
  readonly port: number;
}

export interface RecordingOptions {
  readonly faces: readonly RecordedFace[];
  readonly clock: Clock;
  readonly writer: RawWriter;
  /** While a server refuses, each attempt is accepted and reset in place of refused: it is seen. */
  readonly keepListening?: boolean;
  /** Of bytes only their number is kept. */
  readonly onlyLengths?: boolean;
  /** What all clients are called; absent: each by its address. */
  readonly clientName?: string;
  /** Something that the user should know. */
  readonly problem: (text: string) => void;
  /** Nobody listens before that face any more, because its server refuses; or again. */
  changed?(face: RecordedFace, isOpen: boolean): void;
}

export interface Counters {
  readonly connections: number;
  readonly open: number;
  /** Attempts that the real servers refused or did not answer. */
  readonly failed: number;
  /** Bytes given to the other side, both directions. */
  readonly bytes: number;
  /** Those of them that the file has. */
  readonly written: number;
}

const REFUSALS: ReadonlySet<string> = new Set(['ECONNREFUSED', 'ECONNRESET']);
/** Between two writes to the file, in a flood: what a SIGKILL can take. */
const FLUSH_MS = 2;
const FLUSH_NS = FLUSH_MS * 1e6;

export class Recording {
  /** Rejects when the file takes no more; never resolves. */
  readonly failure: Promise<never>;
  readonly #options: RecordingOptions;
  readonly #gates = new Map<RecordedFace, Gate>();
  /** Those whose sockets are not gone yet. */
  readonly #relayed = new Set<RelayedConnection>();
  /** How many may still speak, on either side. */
  #open = 0;
  #isDue = false;
  #flushedNs = 0;
  #fail!: (error: Error) => void;
  #isOver = false;
  #connections = 0;
  #failed = 0;
  #bytes = 0;

  constructor(options: RecordingOptions) {
    this.#options = options;
    this.failure = new Promise((_, reject) => (this.#fail = reject));
    this.failure.catch(() => {});
  }

  /** Throws a TransportError for an address that cannot be listened on; then nothing listens. */
  async start(): Promise<void> {
    try {
      for (const face of this.#options.faces) {
        const { server, address, port, upstream } = face;
        const gate = new Gate({
          name: `${server}.${face.face}`,
          address,
          port,
          upstream,
          accept: (socket) => this.#accept(face, socket),
          changed: (isOpen) => this.#options.changed?.(face, isOpen),
          problem: (text) => this.#options.problem(text),
        });
        this.#gates.set(face, gate);
        await gate.open();
      }
    } catch (error) {
      for (const gate of this.#gates.values()) gate.stop();
      throw error;
    }
  }

  get counters(): Counters {
    return {
      connections: this.#connections,
      open: this.#open,
      failed: this.#failed,
      bytes: this.#bytes,
      written: this.#options.writer.writtenBytes,
    };
  }

  /** A client tried to connect while nobody listened, as an observer in it saw. */
  attempted(face: RecordedFace, from: string, at: Nanos): void {
    this.#attemptFailed(KIND.refused, this.#options.faces.indexOf(face), from, Number(at));
  }

  /** Ends everything, and closes the file whole. Throws what the disk says. */
  stop(): void {
    if (!this.#isOver) this.#end();
    this.#options.writer.close();
  }

  /** What was taken is with the system afterwards: for a process that ends without a word. */
  flush(): void {
    this.#isDue = false;
    if (this.#isOver) return;
    this.#flushedNs = this.#now();
    this.#guarded(() => this.#options.writer.flush());
  }

  #end(): void {
    this.#isOver = true;
    for (const gate of this.#gates.values()) gate.stop();
    for (const connection of this.#relayed) connection.stop();
    this.#open = 0;
  }

  #accept(face: RecordedFace, socket: Socket): void {
    const { faces, clientName, onlyLengths, writer, problem, keepListening } = this.#options;
    const { server, upstream } = face;
    const place = faces.indexOf(face);
    const from = clientName ?? plain(socket.remoteAddress);
    let conn = 0;
    const connection = new RelayedConnection(socket, {
      upstream,
      connected: () => {
        conn = ++this.#connections;
        this.#open++;
        this.#write(() => writer.attempt(KIND.connect, conn, place, this.#now(), from));
      },
      failed: (error) => {
        const refused = REFUSALS.has(error.code ?? '');
        this.#attemptFailed(refused ? KIND.refused : KIND.unanswered, place, from, this.#now());
        if (!refused)
          problem(
            `${server}.${face.face} at ${upstream.host}:${upstream.port} does not answer: ${error.code ?? error.message}`,
          );
        else if (!keepListening) this.#gates.get(face)?.refuse();
      },
      abandoned: () => this.#attemptFailed(KIND.unanswered, place, from, this.#now()),
      now: () => this.#now(),
      relayed: (side, bytes, atNs) => {
        this.#bytes += bytes.length;
        this.#write(() =>
          onlyLengths
            ? writer.length(side, conn, atNs, bytes.length)
            : writer.data(side, conn, atNs, bytes),
        );
      },
      ended: (by) => {
        const kind = by === 'client' ? KIND.clientClose : KIND.serverClose;
        this.#write(() => writer.over(kind, conn, this.#now()));
      },
      reset: (by) => {
        const kind = by === 'client' ? KIND.clientReset : KIND.serverReset;
        this.#write(() => writer.over(kind, conn, this.#now()));
      },
      closed: () => {
        if (conn > 0 && !this.#isOver) this.#open--;
      },
    });
    this.#relayed.add(connection);
    void connection.gone.then(() => this.#relayed.delete(connection));
  }

  #attemptFailed(kind: Kind, face: number, from: string, atNs: number): void {
    if (this.#isOver) return;
    this.#failed++;
    this.#write(() => this.#options.writer.attempt(kind, 0, face, atNs, from));
  }

  #now(): number {
    return Number(this.#options.clock.now());
  }

  /** Flushed at the end of this turn of the loop, or in a flood a little later: what came from all sockets by then is one write. */
  #write(action: () => void): void {
    this.#guarded(action);
    if (this.#isDue || this.#isOver) return;
    this.#isDue = true;
    if (this.#now() - this.#flushedNs >= FLUSH_NS) setImmediate(() => this.flush());
    else setTimeout(() => this.flush(), FLUSH_MS);
  }

  /** What can't be written can't be vouched for: the recording is over. */
  #guarded(action: () => void): void {
    if (this.#isOver) return;
    try {
      action();
    } catch (error) {
      this.#end();
      this.#fail(error as Error);
    }
  }
}

/** IPv4 as such where it comes over an IPv6 socket. */
function plain(address: string | undefined): string {
  return address?.replace(/^::ffff:(?=\d+\.)/, '') ?? 'unknown';
}
