import type { ClientMessage, ServerMessage } from '../../../emulators/metering/codec/index.ts';
import type { Pipe } from '../pipe-client.ts';
import type { Time } from '../time.ts';

/** A server that drops us sooner than that after all was well has not proved itself (FO-5). */
const PROVED_AFTER_MS = 10_000;

export type OpenPipe = (onLost: () => void) => Promise<Pipe>;

/** The server refuses our account. */
export class LoginRefused extends Error {}

/** The server is too busy for the last question. */
export class Busy extends Error {
  readonly retryAfterMs: number;

  constructor(retryAfterMs: number) {
    super('busy');
    this.retryAfterMs = retryAfterMs;
  }
}

/** The way to one server's pipe: the connection while there is one, and when it may be tried again. */
export class Line {
  readonly server: string;
  /** A live status is to be sent. */
  statusDue = false;
  readonly #open: OpenPipe;
  readonly #time: Time;
  #pipe: Pipe | undefined;
  /** No attempt before that moment, elapsed time. */
  #notBeforeMs = 0;
  /** Since when the server does what it is asked; undefined after a failure. */
  #wellSinceMs: number | undefined;
  #wake: () => void = () => {};

  constructor(server: string, open: OpenPipe, time: Time) {
    this.server = server;
    this.#open = open;
    this.#time = time;
  }

  get isUp(): boolean {
    return this.#pipe !== undefined;
  }

  /** True while the last thing that was asked of this server was done. */
  get isWell(): boolean {
    return this.isUp && this.#wellSinceMs !== undefined;
  }

  /** Waits for the moment of the next attempt, and keeps the one after it at a distance. */
  async attempt(distanceMs: number): Promise<void> {
    await this.#time.until(this.#notBeforeMs);
    this.#notBeforeMs = this.#time.elapsedMs() + distanceMs;
  }

  /** Connects and introduces us; nothing to do where the connection stands. */
  async connect(hello: ClientMessage): Promise<void> {
    if (this.#pipe) return;
    const pipe = await this.#open(() => this.#lost(pipe));
    this.#pipe = pipe;
    const answer = await this.ask(hello);
    if (answer.type === 'welcome') return;
    if (answer.type === 'login-refused') throw new LoginRefused(answer.reason);
    throw new Error(`${answer.type} does not answer hello`);
  }

  async ask(request: ClientMessage): Promise<ServerMessage> {
    if (!this.#pipe) throw new Error('not connected');
    const answer = await this.#pipe.ask(request);
    if (answer.type === 'busy') throw new Busy(answer.retryAfterMs);
    return answer;
  }

  succeeded(): void {
    this.#wellSinceMs ??= this.#time.elapsedMs();
  }

  /** What failed decides how soon the next attempt may come; only a busy server keeps its connection. */
  failed(why: unknown, distanceMs: number): void {
    const nowMs = this.#time.elapsedMs();
    if (why instanceof Busy) {
      this.#notBeforeMs = nowMs + Math.max(distanceMs, why.retryAfterMs);
      this.#wellSinceMs = undefined;
      return;
    }
    this.#pipe?.destroy();
    this.#dropped();
  }

  leave(): void {
    this.#pipe?.leave();
    this.#pipe = undefined;
    this.#wellSinceMs = undefined;
  }

  /** Lets whoever waits in `woken` look again. */
  wake(): void {
    this.#wake();
  }

  woken(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve;
    });
  }

  #lost(pipe: Pipe): void {
    if (this.#pipe !== pipe) return;
    this.#dropped();
    this.wake();
  }

  /** After a connection that had lasted, the first attempt may come at once. */
  #dropped(): void {
    this.#pipe = undefined;
    const nowMs = this.#time.elapsedMs();
    if (this.#wellSinceMs !== undefined && nowMs - this.#wellSinceMs >= PROVED_AFTER_MS)
      this.#notBeforeMs = nowMs;
    this.#wellSinceMs = undefined;
  }
}
