import { MILLISECOND, type Nanos } from './clock.ts';
import { MACHINE, type Machine } from './machine.ts';

const PERIOD_MS = 10;
const PERIOD_NS = BigInt(PERIOD_MS) * MILLISECOND;

/** Measures the machine's own jitter beside a case: by how much a short timer came late. */
export class Canary {
  readonly #factor: bigint;
  readonly #machine: Machine;
  #worstNs = 0n;
  #dueNs = 0n;
  #cancel: (() => void) | undefined;

  /** `factor`: how many times faster than real time the case runs. */
  constructor(factor = 1, machine: Machine = MACHINE) {
    this.#factor = BigInt(factor);
    this.#machine = machine;
  }

  start(): void {
    this.stop();
    this.#worstNs = 0n;
    this.#arm();
  }

  stop(): void {
    if (!this.#cancel) return;
    this.#cancel();
    this.#measure();
    this.#cancel = undefined;
  }

  /** The worst lateness since the start, in case time: the real one times the factor. */
  worst(): Nanos {
    this.#measure();
    return this.#worstNs * this.#factor;
  }

  #arm(): void {
    this.#dueNs = this.#machine.monotonicNs() + PERIOD_NS;
    this.#cancel = this.#machine.after(PERIOD_MS, () => {
      this.#measure();
      this.#arm();
    });
  }

  /** A timer that has not come yet is late too: a machine that stood still must not look quiet. */
  #measure(): void {
    const latenessNs = this.#machine.monotonicNs() - this.#dueNs;
    if (this.#cancel && latenessNs > this.#worstNs) this.#worstNs = latenessNs;
  }
}
