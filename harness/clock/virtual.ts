import { MILLISECOND, type Clock, type Nanos, type Timer } from './clock.ts';

interface Entry {
  readonly time: Nanos;
  /** Entries of one time run in the order in which they were made: a heap alone would not keep it. */
  readonly sequence: number;
  action: (() => void) | undefined;
}

/** A clock that stands still until it is told to advance: a heap of actions by time. */
export class VirtualClock implements Clock {
  readonly #epochMs: number;
  readonly #heap: Entry[] = [];
  #now: Nanos;
  #sequence = 0;

  /** `epochMs` is the date of case time 0, whenever the clock begins: before it where something has to come up first. */
  constructor(epochMs: number, begin: Nanos = 0n) {
    this.#epochMs = epochMs;
    this.#now = begin;
  }

  now(): Nanos {
    return this.#now;
  }

  wallMs(): number {
    return this.#epochMs + Number(this.#now / MILLISECOND);
  }

  at(time: Nanos, action: () => void): Timer {
    const entry: Entry = {
      time: time > this.#now ? time : this.#now,
      sequence: this.#sequence++,
      action,
    };
    this.#push(entry);
    return { cancel: () => (entry.action = undefined) };
  }

  /** When the next action is due; undefined when none is. */
  next(): Nanos | undefined {
    for (let top = this.#heap[0]; top; top = this.#heap[0]) {
      if (top.action) return top.time;
      this.#pop();
    }
    return undefined;
  }

  /** Moves to `time`, which must not lie behind, and runs what is due there: one instant, not the way to it. */
  advanceTo(time: Nanos): void {
    const next = this.next();
    if (time < this.#now || (next !== undefined && next < time))
      throw new RangeError(`the clock cannot go from ${this.#now} to ${time}: ${next} comes first`);
    this.#now = time;
    while (this.next() === time) this.#pop()!.action!();
  }

  #push(entry: Entry): void {
    const heap = this.#heap;
    let index = heap.push(entry) - 1;
    while (index > 0) {
      const parent = (index - 1) >> 1;
      if (before(heap[parent]!, entry)) break;
      heap[index] = heap[parent]!;
      index = parent;
    }
    heap[index] = entry;
  }

  #pop(): Entry | undefined {
    const heap = this.#heap;
    const top = heap[0];
    const last = heap.pop();
    if (!last || heap.length === 0) return top;
    let index = 0;
    for (;;) {
      let child = 2 * index + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && before(heap[child + 1]!, heap[child]!)) child++;
      if (before(last, heap[child]!)) break;
      heap[index] = heap[child]!;
      index = child;
    }
    heap[index] = last;
    return top;
  }
}

function before(a: Entry, b: Entry): boolean {
  return a.time < b.time || (a.time === b.time && a.sequence < b.sequence);
}
