import type { Host } from '../../emulator.ts';
import type { Leases, Wish } from './leases.ts';

/** Tells a client that a seat is free; false: there is no connection of it. */
export type Push = (program: string, graceMs: number) => boolean;

export interface CallbackTimes {
  /** How long a freed seat is kept for the client that was called. */
  readonly graceMs: number;
  /** How long a client stays on the list. */
  readonly requestMs: number;
}

interface Waiting {
  readonly wish: Wish;
  readonly cancelExpiry: () => void;
  /** Set once the client was called: gives its seat up. */
  cancelCall?: () => void;
}

const MAX_WAITING = 10_000;

/** Who waits for a seat, in the order in which they asked (Q226823). */
export class Callbacks {
  readonly #after: Host['after'];
  readonly #leases: Leases;
  readonly #times: CallbackTimes;
  readonly #pushes = new Map<string, Push>();
  #waiting: Waiting[] = [];
  #isOfferDue = false;

  constructor(after: Host['after'], leases: Leases, times: CallbackTimes) {
    this.#after = after;
    this.#leases = leases;
    this.#times = times;
  }

  /** The latest connection of a client is the one on which it is called. */
  connected(client: string, push: Push): void {
    this.#pushes.set(client, push);
    this.offer();
  }

  disconnected(client: string, push: Push): void {
    if (this.#pushes.get(client) === push) this.#pushes.delete(client);
  }

  /** Returns for how long the request is kept, milliseconds; 0: there are too many. */
  request(wish: Wish): number {
    this.settle(wish.client, wish.program);
    if (this.#waiting.length >= MAX_WAITING) return 0;
    const cancelExpiry = this.#after(this.#times.requestMs, () =>
      this.settle(wish.client, wish.program),
    );
    this.#waiting.push({ wish, cancelExpiry });
    this.offer();
    return this.#times.requestMs;
  }

  /** The client has its answer, or waits no longer. */
  settle(client: string, program: string): void {
    const isIt = ({ wish }: Waiting): boolean =>
      wish.client === client && wish.program.toLowerCase() === program.toLowerCase();
    for (const waiting of this.#waiting.filter(isIt)) {
      waiting.cancelExpiry();
      waiting.cancelCall?.();
    }
    this.#waiting = this.#waiting.filter((waiting) => !isIt(waiting));
  }

  /** Calls whoever can be served: to be called when a seat may have become free. What made it free is told first. */
  offer(): void {
    if (this.#isOfferDue || this.#waiting.length === 0) return;
    this.#isOfferDue = true;
    this.#after(0, () => {
      this.#isOfferDue = false;
      for (const waiting of [...this.#waiting]) this.#call(waiting);
    });
  }

  clear(): void {
    for (const { cancelExpiry, cancelCall } of this.#waiting) {
      cancelExpiry();
      cancelCall?.();
    }
    this.#waiting = [];
  }

  #call(waiting: Waiting): void {
    const { wish } = waiting;
    const { graceMs } = this.#times;
    if (waiting.cancelCall || !this.#leases.isFree(wish)) return;
    if (!this.#pushes.get(wish.client)?.(wish.program, graceMs)) return;
    const giveUp = this.#leases.reserve(wish);
    const cancelGrace = this.#after(graceMs, () => {
      this.settle(wish.client, wish.program);
      this.offer();
    });
    waiting.cancelCall = () => {
      cancelGrace();
      giveUp();
    };
  }
}
