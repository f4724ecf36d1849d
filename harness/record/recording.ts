// A session between clients and their real servers, relayed and written down.
import type { Socket } from 'node:net';
import type { Dialect, SessionRedactor } from '../../emulators/emulator.ts';
import type { Clock, Nanos } from '../clock/clock.ts';
import type { Decoded } from '../capture/decode.ts';
import type { UpstreamAddress } from '../shim/upstream.ts';
import type { CaptureWriter } from './capture-writer.ts';
import { Gate } from './gate.ts';
import { ClientNames } from './names.ts';
import { RelayedConnection } from './relayed-connection.ts';
import { Tap } from './tap.ts';

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
  readonly dialect: Dialect;
  readonly clock: Clock;
  readonly writer: CaptureWriter;
  /** While a server refuses, each attempt is accepted and reset in place of refused: it is seen. */
  readonly keepListening?: boolean;
  /** Absent: bytes are kept as they are. */
  readonly redactor?: ((face: string) => SessionRedactor) | undefined;
  /** Of bytes only their number is kept. */
  readonly onlyLengths?: boolean;
  /** What a client is called until it says its name; default: its address. */
  nameOf?(address: string): string;
  /** Something that the user should know. */
  problem(text: string): void;
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
  /** Lines in the file. */
  readonly events: number;
  /** Bytes that were given to the other side, and that no line of the file accounts for. */
  readonly lost: number;
}

interface Relayed {
  connection?: RelayedConnection;
  tap?: Tap;
}

const REFUSALS: ReadonlySet<string> = new Set(['ECONNREFUSED', 'ECONNRESET']);
/** What waits for its line: beyond it, lines are written within the turn. */
const MAX_WAITING = 4096;

export class Recording {
  readonly names = new ClientNames();
  /** Rejects when the file takes no more; never resolves. */
  readonly failure: Promise<never>;
  readonly #options: RecordingOptions;
  readonly #decoders;
  readonly #gates = new Map<RecordedFace, Gate>();
  /** Those whose sockets are not gone yet. */
  readonly #relayed = new Set<Relayed>();
  /** Those of which both sides still may speak. */
  readonly #open = new Set<Relayed>();
  #isDue = false;
  #waiting: (() => void)[] = [];
  #fail!: (error: Error) => void;
  #last: Nanos = 0n;
  #piece: Nanos | undefined;
  #isOver = false;
  #connections = 0;
  #failed = 0;
  #bytes = 0;

  constructor(options: RecordingOptions) {
    this.#options = options;
    this.#decoders = options.onlyLengths ? undefined : options.dialect.decoders?.();
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
    const { writer } = this.#options;
    let held = 0;
    for (const { tap } of this.#open) held += tap?.heldBytes ?? 0;
    const lost = Math.max(0, this.#bytes - writer.accountedBytes - held);
    return {
      connections: this.#connections,
      open: this.#open.size,
      failed: this.#failed,
      bytes: this.#bytes,
      events: writer.events,
      lost,
    };
  }

  /** A client tried to connect while nobody listened, as an observer in it saw. */
  attempted({ server, face }: RecordedFace, address: string, at: Nanos): void {
    if (this.#isOver) return;
    this.#failed++;
    this.#write({ actor: server, face, event: 'refused', from: address, fields: {} }, 0, at);
    this.#soon();
  }

  /** Ends everything, and closes the file whole. Throws what the disk says. */
  stop(): void {
    this.#flush();
    if (!this.#isOver) this.#end();
    this.#options.writer.close();
  }

  #end(): void {
    this.#isOver = true;
    this.#piece = undefined;
    for (const gate of this.#gates.values()) gate.stop();
    for (const { connection } of this.#relayed) connection?.stop();
    try {
      for (const { tap } of this.#open) tap?.end();
    } catch {
      // The file takes no more: who asked for the end knows.
    }
    this.#open.clear();
  }

  #accept(face: RecordedFace, socket: Socket): void {
    const { server, upstream } = face;
    const address = plain(socket.remoteAddress);
    const from = this.#options.nameOf?.(address) ?? address;
    const place = { actor: server, face: face.face, from };
    const relayed: Relayed = {};
    let tap: Tap | undefined;
    let isNamed = false;
    let conn = 0;
    const attemptFailed = (event: string): void => {
      this.#failed++;
      this.#piece = undefined;
      this.#write({ ...place, event, fields: {} });
      this.#soon();
    };
    const connection = new RelayedConnection(socket, {
      upstream,
      connected: () => {
        conn = ++this.#connections;
        tap = relayed.tap = this.#tap({ ...place, conn });
        this.#open.add(relayed);
        this.#guarded(() => tap?.connect());
      },
      failed: (error) => {
        const refused = REFUSALS.has(error.code ?? '');
        attemptFailed(refused ? 'refused' : 'unanswered');
        if (!refused)
          this.#options.problem(
            `${server}.${face.face} at ${upstream.host}:${upstream.port} does not answer: ${error.code ?? error.message}`,
          );
        else if (!this.#options.keepListening) this.#gates.get(face)?.refuse();
      },
      abandoned: () => attemptFailed('unanswered'),
      data: (side, bytes) => {
        this.#guarded(() => tap?.data(side, bytes));
        if (isNamed || tap?.identity === undefined) return;
        isNamed = true;
        this.names.told(conn, from, tap.identity);
      },
      ended: (by) => this.#guarded(() => tap?.close(by)),
      reset: (by) => this.#guarded(() => tap?.reset(by)),
      relayed: (bytes) => (this.#bytes += bytes),
      whenWritten: (action) => {
        this.#waiting.push(action);
        if (this.#waiting.length > MAX_WAITING) this.#flush();
        else this.#soon();
      },
      closed: () => this.#open.delete(relayed),
    });
    relayed.connection = connection;
    this.#relayed.add(relayed);
    void connection.gone.then(() => this.#relayed.delete(relayed));
  }

  #tap(place: { actor: string; face: string; from: string; conn: number }): Tap {
    const { redactor, onlyLengths } = this.#options;
    return new Tap({
      place,
      decoder: this.#decoders?.(place.actor, place.face),
      redactor: redactor?.(place.face),
      onlyLengths,
      emit: (event, accounts) => this.#write(event, accounts),
    });
  }

  #write(event: Decoded, accounts = 0, at: Nanos = this.#now()): void {
    // What is learned late is written late: time in a trace never runs backward.
    if (at > this.#last) this.#last = at;
    this.#options.writer.add(event, this.#last, accounts);
  }

  /** One time for all that one piece of bytes says. */
  #now(): Nanos {
    return (this.#piece ??= this.#options.clock.now());
  }

  /** At the end of this turn of the loop: what came from all sockets in it is one write. */
  #soon(): void {
    if (this.#isDue) return;
    this.#isDue = true;
    setImmediate(() => this.#flush());
  }

  #flush(): void {
    this.#isDue = false;
    if (this.#isOver) return;
    this.#guarded(() => {
      this.#options.writer.flush();
      const actions = this.#waiting;
      this.#waiting = [];
      for (const action of actions) action();
    });
  }

  /** What cannot be written is not passed on: the recording is over. */
  #guarded(action: () => void): void {
    if (this.#isOver) return;
    this.#piece = undefined;
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
