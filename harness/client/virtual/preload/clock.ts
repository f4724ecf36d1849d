import os from 'node:os';
import type { Internals } from './internals.ts';

/** A client that waits for the time to pass by looking at it would wait for ever: let it creep after that many looks. */
const READS_BEFORE_CREEP = 200_000;

/** The clock of a process in virtual time. It moves only when the harness says so. */
export class ProcessClock {
  /** Case time in ms when the process started: its monotonic clocks count from there. */
  readonly #startMs: number;
  readonly #epochMs: number;
  #nowMs: number;
  #wallOffsetMs: number;
  #reads = 0;

  constructor(options: { epochMs: number; wallOffsetMs: number; nowMs: number }) {
    this.#startMs = options.nowMs;
    this.#nowMs = options.nowMs;
    this.#epochMs = options.epochMs;
    this.#wallOffsetMs = options.wallOffsetMs;
  }

  /** Milliseconds since the process started. */
  sinceStartMs(): number {
    if (++this.#reads > READS_BEFORE_CREEP) {
      this.#reads -= 1_000;
      this.#nowMs += 1;
    }
    return this.#nowMs - this.#startMs;
  }

  wallMs(): number {
    return this.#epochMs + this.#wallOffsetMs + this.#startMs + this.sinceStartMs();
  }

  /** Case time in ms; ahead of the harness when the process spun on its clock. Looking at it is no spin. */
  get caseMs(): number {
    return this.#nowMs;
  }

  advance(nowMs: number): void {
    this.#reads = 0;
    if (nowMs > this.#nowMs) this.#nowMs = nowMs;
  }

  setWall(byMs: number): void {
    this.#wallOffsetMs += byMs;
  }

  toCaseMs(sinceStartMs: number): number {
    return this.#startMs + sinceStartMs;
  }
}

/** Puts the clock behind every clock and timer that JavaScript can reach. */
export function installClock(clock: ProcessClock, { timers }: Internals): void {
  timers.getLibuvNow = () => Math.floor(clock.sinceStartMs());
  timers.scheduleTimer = () => {};
  timers.toggleTimerRef = () => {};
  installDate(clock);
  define(process, 'hrtime', hrtime(clock));
  define(process, 'uptime', () => clock.sinceStartMs() / 1_000);
  define(os, 'uptime', () => 1_000_000 + clock.sinceStartMs() / 1_000);
}

function installDate(clock: ProcessClock): void {
  const RealDate = Date;
  const wallMs = () => Math.floor(clock.wallMs());
  const VirtualDate: DateConstructor = new Proxy(RealDate, {
    construct: (target, args: unknown[], newTarget: unknown) =>
      Reflect.construct(
        target,
        args.length > 0 ? args : [wallMs()],
        (newTarget === VirtualDate ? target : newTarget) as typeof Date,
      ),
    apply: () => new RealDate(wallMs()).toString(),
    get: (target, key) => (key === 'now' ? wallMs : (Reflect.get(target, key) as unknown)),
  });
  RealDate.prototype.constructor = VirtualDate;
  globalThis.Date = VirtualDate;
}

function hrtime(clock: ProcessClock): typeof process.hrtime {
  const nanos = () => BigInt(Math.round(clock.sinceStartMs() * 1e6));
  const read = (since?: [number, number]): [number, number] => {
    const passed = nanos() - (since ? BigInt(since[0]) * 1_000_000_000n + BigInt(since[1]) : 0n);
    return [Number(passed / 1_000_000_000n), Number(passed % 1_000_000_000n)];
  };
  return Object.assign(read, { bigint: nanos });
}

export function define(target: object, name: string, value: unknown): void {
  Object.defineProperty(target, name, { value, configurable: true, writable: true });
}
