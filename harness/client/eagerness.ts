// To sleep until a client has answered, and to be woken, takes longer than most answers do. With a core to spare it is quicker to look again
// and again; without one it takes the core from whom we wait for.
import { availableParallelism } from 'node:os';

/** So long it looks at most, ms: a turn in which a client dials and is refused takes most of it. */
export const LOOKS_FOR_MS = 0.6;
/** One wait in vain outweighs so many that were not: where others want the cores, many are short by chance. */
const MISS_WEIGHT = 2;
/** It never costs more than a look in so many waits. */
const MOST_SLEEPS = 16;

/** Whether the next wait is one that looks: asked before each wait, told afterwards. */
export class Eagerness {
  readonly #cores: number;
  /** Waits that sleep before one looks again. */
  #sleeps = 0;
  #penalty = 0;
  /** Waits that last: behind each of them is a client at work. */
  #waits = 0;

  constructor(cores: number) {
    this.#cores = cores;
  }

  /** True when there is a core for us to look from, besides those of the clients at work, and of late it was worth it. */
  get isEager(): boolean {
    return this.#sleeps === 0 && this.#waits + 1 < this.#cores;
  }

  begin(): void {
    if (this.#sleeps > 0) this.#sleeps--;
    this.#waits++;
  }

  end(): void {
    this.#waits--;
  }

  /** A wait that looked has ended after so long, ms, or was left to sleep. */
  looked(ms: number): void {
    if (ms < LOOKS_FOR_MS) this.#penalty >>= 1;
    else this.#penalty = Math.min(MOST_SLEEPS, MISS_WEIGHT * (this.#penalty + 1));
    this.#sleeps = this.#penalty;
  }
}

/** That of this process. */
export const eagerness = new Eagerness(availableParallelism());
