import type { ClientMessage, ServerMessage } from '../../../emulators/metering/codec/index.ts';
import { NO_BUGS, type Bugs } from '../bugs.ts';
import type { Pipe } from '../pipe-client.ts';
import { spread, type Time } from '../time.ts';

/** A server that drops us sooner than that after all was well has not proved itself (FO-5). */
const PROVED_AFTER_MS = 10_000;
/** The pace of the bugs that keep none: nothing of the computer is left, but its clock moves on. */
const SLIP_MS = 1000;
/** Between the logins of a storm: hundreds an hour, as the servers of the field saw them. */
const STORM_MS = 5000;

/** How often a bug looks at the clock. */
const LOOK_MS = 60_000;

export type OpenPipe = (
  onLost: () => void,
  onPush: (message: ServerMessage) => void,
) => Promise<Pipe>;

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

/** What bugs take for a reason to ask again. */
export class Denied extends Busy {
  constructor() {
    super(0);
  }
}

/** The way to one server's pipe: the connection while there is one, and when it may be tried again. */
export class Line {
  readonly server: string;
  /** A live status is to be sent. */
  statusDue = false;
  /** The server says that a licence is free. */
  onCallback: (program: string, graceMs: number) => void = () => {};
  /** Whether the last attempt came to a connection, whatever came of that; only bugs look at it. */
  hasConnected = false;
  readonly #open: OpenPipe;
  readonly #time: Time;
  readonly #bugs: Bugs;
  #pipe: Pipe | undefined;
  readonly #jitter: number;
  /** No attempt before that moment, elapsed time. */
  #notBeforeMs = 0;
  /** The same by the wall clock; only a bug looks at it. */
  #notBeforeWallMs = 0;
  /** Since when the server does what it is asked; undefined after a failure. */
  #wellSinceMs: number | undefined;
  #wake: () => void = () => {};
  /** Attempts since all was well; only bugs look at it. */
  #retries = 0;

  constructor(server: string, open: OpenPipe, time: Time, bugs: Bugs = NO_BUGS, jitter = 0) {
    this.#jitter = bugs.has('comes-back-with-the-fleet') ? 0 : jitter;
    this.server = server;
    this.#open = open;
    this.#time = time;
    this.#bugs = bugs;
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
    if (this.#bugs.has('retry-by-the-clock')) await untilWall(this.#notBeforeWallMs, this.#time);
    else await this.#time.until(this.#notBeforeMs);
    const toNextMs = spread(this.#distanceMs(distanceMs), this.#jitter);
    this.#notBeforeMs = this.#time.elapsedMs() + toNextMs;
    this.#notBeforeWallMs = this.#time.wallMs() + toNextMs;
  }

  #distanceMs(distanceMs: number): number {
    this.#retries++;
    if (this.#bugs.has('gap-halved')) return distanceMs / 2;
    if (this.#bugs.has('back-off-doubles')) return distanceMs * 2 ** (this.#retries - 1);
    return this.#bugs.has('first-gap-only') && this.#retries > 1 ? SLIP_MS : distanceMs;
  }

  /** Connects and introduces us; nothing to do where the connection stands. */
  async connect(hello: ClientMessage): Promise<void> {
    if (this.#pipe) return;
    this.hasConnected = false;
    const pipe = await this.#open(
      () => this.#lost(pipe),
      (message) => {
        if (message.type === 'callback') this.onCallback(message.program, message.graceMs);
      },
    );
    this.#pipe = pipe;
    this.hasConnected = true;
    if (this.#bugs.has('back-off-reset-on-connect'))
      this.#notBeforeMs = this.#time.elapsedMs() + SLIP_MS;
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
    this.#retries = 0;
  }

  /** What failed decides how soon the next attempt may come; only a busy server keeps its connection. */
  failed(why: unknown, distanceMs: number): void {
    const nowMs = this.#time.elapsedMs();
    if (why instanceof Busy) {
      const askedMs = this.#bugs.has('busy-ignores-the-time') ? 0 : why.retryAfterMs;
      this.#notBeforeMs =
        nowMs + (this.#bugs.has('busy-spin') ? SLIP_MS : Math.max(distanceMs, askedMs));
      this.#wellSinceMs = undefined;
      return;
    }
    this.#pipe?.destroy();
    this.#dropped();
    const repeats = this.#bugs.has('login-storm') || this.#bugs.has('wrong-account');
    if (why instanceof LoginRefused && repeats) this.#notBeforeMs = nowMs + STORM_MS;
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
    const provedAfterMs = this.#bugs.has('returns-without-proof') ? 0 : PROVED_AFTER_MS;
    if (this.#wellSinceMs !== undefined && nowMs - this.#wellSinceMs >= provedAfterMs)
      this.#notBeforeMs = nowMs;
    this.#wellSinceMs = undefined;
  }
}

/** How bugs wait: for a date, so that a clock that is set makes it longer or shorter. */
export async function untilWall(dueWallMs: number, time: Time): Promise<void> {
  while (time.wallMs() < dueWallMs)
    await time.until(time.elapsedMs() + Math.min(LOOK_MS, dueWallMs - time.wallMs()));
}
