import { MILLISECOND } from './clock.ts';
import { LONGEST_DELAY_MS, type Machine } from './machine.ts';

interface Entry {
  readonly dueNs: bigint;
  readonly action: () => void;
}

/** A machine for tests: its time passes when it is told to, and its timers come late when it stood still. */
export class FakeMachine implements Machine {
  nowNs: bigint;
  readonly #bootNs: bigint;
  readonly #bootMs: number;
  #entries: Entry[] = [];

  constructor(bootNs = 0n, bootMs = 0) {
    this.nowNs = this.#bootNs = bootNs;
    this.#bootMs = bootMs;
  }

  /** How many timers are set and have not come. */
  get pending(): number {
    return this.#entries.length;
  }

  monotonicNs(): bigint {
    return this.nowNs;
  }

  dateMs(): number {
    return this.#bootMs + Number((this.nowNs - this.#bootNs) / MILLISECOND);
  }

  after(delayMs: number, action: () => void): () => void {
    if (delayMs > LONGEST_DELAY_MS) throw new RangeError(`setTimeout cannot hold ${delayMs} ms`);
    const entry = { dueNs: this.nowNs + BigInt(delayMs) * MILLISECOND, action };
    this.#entries.push(entry);
    return () => (this.#entries = this.#entries.filter((other) => other !== entry));
  }

  /** Lets time pass: each timer comes when it is due, or at once where it is overdue. */
  pass(durationNs: bigint): void {
    const endNs = this.nowNs + durationNs;
    for (let entry = this.#take(endNs); entry; entry = this.#take(endNs)) {
      if (entry.dueNs > this.nowNs) this.nowNs = entry.dueNs;
      entry.action();
    }
    this.nowNs = endNs;
  }

  #take(endNs: bigint): Entry | undefined {
    const entry = this.#entries
      .filter(({ dueNs }) => dueNs <= endNs)
      .toSorted((a, b) => Number(a.dueNs - b.dueNs))[0];
    this.#entries = this.#entries.filter((other) => other !== entry);
    return entry;
  }
}
