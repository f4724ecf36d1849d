import { connect, type Socket } from 'node:net';

/** A client below every protocol: what it sees on the wire is what a fault is. */
export interface RawClient {
  connect(address: string, port: number): RawConnection;
  /** Resets what is still open. */
  close(): void;
}

/**
 * One connection attempt and what came of it. The words, in the order in which it saw them: `connect`, `refused`,
 * `data(n)` (n bytes since the word before; chunks are not told apart), `fin`, `reset`, and `silence`.
 */
export interface RawConnection {
  readonly seen: readonly string[];
  send(bytes: Uint8Array): void;
  /** Sends a FIN. */
  end(): void;
  /** Sends an RST. */
  reset(): void;
  /**
   * Waits until the word has been seen; `data` stands for any `data(n)`. False when that takes longer than the bound of the
   * client; then, if nothing at all came while it waited, `silence` is seen: `until('silence')` is true when nothing comes.
   */
  until(word: string): Promise<boolean>;
}

/** What a raw connection has seen; both networks' clients record with it. */
export class Seen {
  readonly words: string[] = [];
  /** Grows with everything that is seen, also where the last word only changes. */
  count = 0;
  readonly #watchers = new Set<() => void>();

  add(word: string): void {
    this.words.push(word);
    this.#tell();
  }

  data(length: number): void {
    const sofar = /^data\((\d+)\)$/.exec(this.words.at(-1) ?? '');
    if (sofar) this.words.pop();
    this.words.push(`data(${Number(sofar?.[1] ?? 0) + length})`);
    this.#tell();
  }

  has(word: string): boolean {
    return this.words.some(
      (seen) => seen === word || (word === 'data' && seen.startsWith('data(')),
    );
  }

  watch(watcher: () => void): () => void {
    this.#watchers.add(watcher);
    return () => this.#watchers.delete(watcher);
  }

  #tell(): void {
    this.count++;
    for (const watcher of this.#watchers) watcher();
  }
}

export class RealRawClient implements RawClient {
  readonly #boundMs: number;
  readonly #silenceMs: number;
  readonly #open = new Set<RealRawConnection>();

  /** `boundMs`: how long `until` waits, in real milliseconds; `silenceMs`: how long for silence. */
  constructor(boundMs: number, silenceMs = boundMs) {
    this.#boundMs = boundMs;
    this.#silenceMs = silenceMs;
  }

  connect(address: string, port: number): RawConnection {
    const socket = connect({ host: address, port, allowHalfOpen: true, noDelay: true });
    const connection = new RealRawConnection(socket, this.#boundMs, this.#silenceMs);
    this.#open.add(connection);
    socket.once('close', () => this.#open.delete(connection));
    return connection;
  }

  close(): void {
    for (const connection of this.#open) connection.reset();
  }
}

class RealRawConnection implements RawConnection {
  readonly #seen = new Seen();
  readonly #socket: Socket;
  readonly #boundMs: number;
  readonly #silenceMs: number;

  constructor(socket: Socket, boundMs: number, silenceMs: number) {
    this.#socket = socket;
    this.#boundMs = boundMs;
    this.#silenceMs = silenceMs;
    socket.on('connect', () => this.#seen.add('connect'));
    socket.on('data', ({ length }) => this.#seen.data(length));
    socket.on('end', () => this.#ended());
    socket.on('error', ({ code }: NodeJS.ErrnoException) => this.#failed(code));
  }

  get seen(): readonly string[] {
    return this.#seen.words;
  }

  send(bytes: Uint8Array): void {
    if (this.#socket.writable) this.#socket.write(bytes);
  }

  end(): void {
    this.#socket.end();
  }

  reset(): void {
    // Before the connection stands there is nothing to reset, and Node would wait for it.
    if (this.#socket.connecting) this.#socket.destroy();
    else this.#socket.resetAndDestroy();
  }

  async until(word: string): Promise<boolean> {
    const before = this.#seen.count;
    const seen = await new Promise<boolean>((resolve) => {
      const check = () => {
        if (!this.#seen.has(word)) return;
        clearTimeout(bound);
        unwatch();
        resolve(true);
      };
      const unwatch = this.#seen.watch(check);
      const bound = setTimeout(
        () => {
          unwatch();
          resolve(false);
        },
        word === 'silence' ? this.#silenceMs : this.#boundMs,
      );
      check();
    });
    if (seen) return true;
    const nothingCame = this.#seen.count === before;
    if (nothingCame && this.seen.at(-1) !== 'silence') this.#seen.add('silence');
    return nothingCame && word === 'silence';
  }

  /** libuv takes an RST for a FIN when data came with it; writing nothing tells them apart. */
  #ended(): void {
    const seeFin = () => {
      if (!this.#seen.has('reset')) this.#seen.add('fin');
    };
    if (!this.#socket.writable) return seeFin();
    this.#socket.write(Buffer.alloc(0), (error) => {
      if (!error) seeFin();
    });
  }

  #failed(code: string | undefined): void {
    if (code === 'ECONNREFUSED') this.#seen.add('refused');
    else if (!this.#seen.has('reset')) this.#seen.add('reset');
  }
}
