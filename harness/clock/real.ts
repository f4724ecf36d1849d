import { MILLISECOND, type Clock, type Nanos, type Timer } from './clock.ts';
import { LONGEST_DELAY_MS, MACHINE, type Machine } from './machine.ts';
import { VirtualClock } from './virtual.ts';

/**
 * Case time that follows the machine's monotonic clock, `factor` times as fast (1: real time). It stands at 0 until `start`.
 * Actions run in order of time, and of making where the time is the same; never early, and as late as the machine makes them.
 */
export class RealClock implements Clock {
  readonly #factor: bigint;
  readonly #machine: Machine;
  readonly #madeNs: bigint;
  readonly #epochMs: number;
  /** What is due when; its own "now" is the last instant that was worked off. */
  readonly #queue = new VirtualClock(0);
  #startNs: bigint | undefined;
  #armed: { readonly time: Nanos; readonly cancel: () => void } | undefined;
  /** What the running turn works off: everything up to this time. */
  #turn: Nanos | undefined;
  #closed = false;

  /** Throws a RangeError unless `factor` is a whole number of at least 1. */
  constructor(factor = 1, machine: Machine = MACHINE) {
    if (!Number.isSafeInteger(factor) || factor < 1)
      throw new RangeError(`time can be scaled by a whole number of at least 1, not by ${factor}`);
    this.#factor = BigInt(factor);
    this.#machine = machine;
    this.#madeNs = machine.monotonicNs();
    this.#epochMs = machine.dateMs();
  }

  /** Makes this moment case time 0: called once, when the listeners are bound. */
  start(): void {
    if (this.#startNs !== undefined) throw new Error('the clock runs already');
    this.#startNs = this.#machine.monotonicNs();
    this.#arm();
  }

  now(): Nanos {
    return this.#startNs === undefined ? 0n : this.caseTimeOf(this.#machine.monotonicNs());
  }

  /** Case time of a moment on CLOCK_MONOTONIC (ns), such as an observer saw; negative before the start. */
  caseTimeOf(monotonicNs: bigint): Nanos {
    return (monotonicNs - (this.#startNs ?? this.#machine.monotonicNs())) * this.#factor;
  }

  /** Dates are not scaled: clients and servers share the date of the machine. */
  wallMs(): number {
    return this.#epochMs + Number((this.#machine.monotonicNs() - this.#madeNs) / MILLISECOND);
  }

  at(time: Nanos, action: () => void): Timer {
    if (this.#closed) return { cancel: () => {} };
    // What an action asks for "now" waits for the next turn: it must not starve the sockets.
    const soonest = this.#turn === undefined ? this.now() : this.#turn + 1n;
    const timer = this.#queue.at(time > soonest ? time : soonest, action);
    this.#arm();
    return {
      cancel: () => {
        timer.cancel();
        this.#arm();
      },
    };
  }

  /** Cancels everything; nothing that is asked for afterwards happens. */
  close(): void {
    this.#closed = true;
    this.#arm();
  }

  /** Keeps one timer of the machine for the earliest action, and none when there is nothing to wait for. */
  #arm(): void {
    if (this.#turn !== undefined) return;
    const next = this.#closed || this.#startNs === undefined ? undefined : this.#queue.next();
    if (next === this.#armed?.time) return;
    this.#armed?.cancel();
    this.#armed = undefined;
    if (next === undefined) return;
    const delayNs = divideUp(next - this.now(), this.#factor);
    const delayMs = Math.min(Math.max(Number(divideUp(delayNs, MILLISECOND)), 0), LONGEST_DELAY_MS);
    this.#armed = { time: next, cancel: this.#machine.after(delayMs, () => this.#wake()) };
  }

  #wake(): void {
    this.#armed = undefined;
    const now = (this.#turn = this.now());
    try {
      for (let next = this.#queue.next(); next !== undefined && next <= now;) {
        this.#queue.advanceTo(next);
        next = this.#closed ? undefined : this.#queue.next();
      }
    } finally {
      this.#turn = undefined;
      this.#arm();
    }
  }
}

function divideUp(dividend: bigint, divisor: bigint): bigint {
  return (dividend + divisor - 1n) / divisor;
}
