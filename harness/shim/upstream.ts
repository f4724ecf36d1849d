// Connections to the real servers behind an opaque dialect: the harness opens them, emulators own no sockets.
import { connect, isIP, type Socket } from 'node:net';
import { Duplex } from 'node:stream';
import { connect as secure } from 'node:tls';

export interface UpstreamAddress {
  readonly host: string;
  readonly port: number;
  /** It speaks TLS, and we must too. */
  readonly tls?: boolean;
  /** It lives in the time of the case, where nothing has to wait for it: how to reach it. Absent: by a real socket. */
  readonly connect?: () => UpstreamSocket;
}

/** What a connection to a server must be able to do, real or not; `connect` is emitted once it stands. */
export interface UpstreamSocket extends Duplex {
  resetAndDestroy(): unknown;
  destroySoon(): void;
}

export interface UpstreamOptions {
  /** By the name of the server. */
  readonly addresses: Readonly<Record<string, UpstreamAddress>>;
  /** Real work that case time must wait for, where it could run ahead. */
  hold(work: Promise<void>): void;
  /** A real server could not be reached: nobody can be judged by that. */
  unreachable(message: string): void;
}

/** Real ms that case time waits for a connection, for the first byte of an answer, and for the next byte of one. */
const CONNECT_MS = 5_000;
const ANSWER_MS = 250;
const QUIET_MS = 25;

export class Upstreams {
  readonly #options: UpstreamOptions;
  readonly #open = new Set<UpstreamConnection>();

  constructor(options: UpstreamOptions) {
    this.#options = options;
  }

  dial(server: string): Duplex {
    const address = this.#options.addresses[server];
    if (!address) throw new Error(`${server} has no upstream; the runner lets no such case pass`);
    const connection = new UpstreamConnection(address, {
      hold: (work) => this.#options.hold(work),
      unreachable: (why) => this.#options.unreachable(unreachable(server, address, why)),
    });
    this.#open.add(connection);
    connection.on('close', () => this.#open.delete(connection));
    return connection;
  }

  close(): void {
    for (const connection of this.#open) connection.destroy(new Error('the case is over'));
  }
}

/** Tries every address once. The result says what is wrong, and what to do; undefined: all answer. */
export async function checkUpstreams(
  addresses: Readonly<Record<string, UpstreamAddress>>,
): Promise<string | undefined> {
  const tried = Object.entries(addresses).map(async ([server, address]) => {
    const why = await attempt(address);
    return why === undefined ? undefined : unreachable(server, address, why);
  });
  return (await Promise.all(tried)).find((message) => message !== undefined);
}

function attempt(address: UpstreamAddress): Promise<string | undefined> {
  const { host, port } = address;
  return new Promise((resolve) => {
    const raw = connect({ host, port, timeout: CONNECT_MS });
    const socket = address.tls ? overTls(raw, address) : raw;
    const end = (why?: string) => {
      socket.destroy();
      resolve(why);
    };
    socket.on(address.tls ? 'secureConnect' : 'connect', () => end());
    raw.on('timeout', () => end(`no answer for ${CONNECT_MS} ms`));
    socket.on('error', (error: NodeJS.ErrnoException) => end(error.code ?? error.message));
  });
}

function unreachable(server: string, { host, port, tls }: UpstreamAddress, why: string): string {
  const how = tls ? ' by TLS' : '';
  const or = tls ? ', or write upstreamTls: false there' : '';
  return `the real server behind ${server}, ${host}:${port}, cannot be reached${how} (${why}); start it, or correct servers: in the profile${or}`;
}

/** Who the real server is was settled by who named it in the profile: its certificate is not looked at. */
function overTls(socket: Duplex, { host }: UpstreamAddress): Socket {
  return secure({ socket, rejectUnauthorized: false, ...(!isIP(host) && { servername: host }) });
}

interface ConnectionOptions {
  readonly hold: (work: Promise<void>) => void;
  readonly unreachable: (why: string) => void;
}

/** A socket under the convention of a relayed stream: destroyed with an error it is reset, and a reset is an error of it. */
class UpstreamConnection extends Duplex {
  /** The connection itself, under TLS or not. */
  readonly #raw: UpstreamSocket;
  readonly #socket: UpstreamSocket;
  readonly #hold: ((work: Promise<void>) => void) | undefined;
  #connected = false;
  /** Ends the wait for an answer. */
  #answered: (() => void) | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(address: UpstreamAddress, { hold, unreachable: tell }: ConnectionOptions) {
    super({ allowHalfOpen: true });
    const { host, port, tls = false } = address;
    this.#hold = address.connect ? undefined : hold;
    this.#raw = address.connect?.() ?? connect({ host, port, allowHalfOpen: true, noDelay: true });
    const socket = tls ? overTls(this.#raw, address) : this.#raw;
    this.#socket = socket;
    this.#await(CONNECT_MS);
    socket.on(tls ? 'secureConnect' : 'connect', () => {
      this.#connected = true;
      this.#settleIn(QUIET_MS);
    });
    socket.on('data', (bytes) => {
      this.#settleIn(QUIET_MS);
      if (!this.push(bytes)) socket.pause();
    });
    socket.on('end', () => {
      this.#settleIn(QUIET_MS);
      this.push(null);
    });
    socket.on('error', (error: NodeJS.ErrnoException) => {
      if (!this.#connected) tell(error.code ?? error.message);
      this.destroy(error);
    });
    socket.on('close', () => {
      this.#settle();
      if (!this.readableEnded && !this.destroyed) this.push(null);
    });
    // An error is told by the `close` that follows it to who has not asked for more.
    this.on('error', () => {});
  }

  override _read(): void {
    this.#socket.resume();
  }

  override _write(
    bytes: Buffer,
    _encoding: BufferEncoding,
    done: (error?: Error | null) => void,
  ): void {
    this.#await(ANSWER_MS);
    // A failure to write is told by the socket's own error.
    this.#socket.write(bytes, () => done());
  }

  override _final(done: (error?: Error | null) => void): void {
    this.#await(ANSWER_MS);
    this.#socket.end(() => done());
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.#settle();
    if (error && !this.#raw.destroyed) reset(this.#raw);
    else this.#socket.destroySoon();
    done(error);
  }

  /** Case time stands still until something has come and no more comes, or until nothing has come for `ms`. */
  #await(ms: number): void {
    if (!this.#hold) return;
    if (this.#answered === undefined)
      this.#hold(new Promise((resolve) => (this.#answered = resolve)));
    this.#settleIn(this.#connected ? ms : CONNECT_MS);
  }

  #settleIn(ms: number): void {
    if (this.#answered === undefined) return;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#settle(), ms);
  }

  #settle(): void {
    clearTimeout(this.#timer);
    this.#answered?.();
    this.#answered = undefined;
  }
}

/** While a FIN is under way libuv refuses to reset: it is out within a turn. */
function reset(socket: UpstreamSocket): void {
  const endUnderWay = socket.writableEnded && !socket.writableFinished && !socket.writableLength;
  if (endUnderWay) socket.once('finish', () => socket.resetAndDestroy());
  else socket.resetAndDestroy();
}
