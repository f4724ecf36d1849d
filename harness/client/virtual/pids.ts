import { FIRST_PID } from './link.ts';
import type { PidAnswer, PidQuestion } from './link.ts';

/** A client that is started again is another process. */
const PIDS_A_RUN = 10_000;

/** Process ids that are the same in every run: numbered in the order in which the processes are announced. */
export class Pids {
  readonly #base: number;
  readonly #numbers = new Map<number, number>();

  /** `run` is the nth process of the client, from 1. */
  constructor(run: number) {
    this.#base = FIRST_PID + (run - 1) * PIDS_A_RUN;
  }

  /** How many processes were announced. */
  get count(): number {
    return this.#numbers.size;
  }

  /** From 0 for the first that was asked for. */
  numberOf(real: number): number {
    const known = this.#numbers.get(real);
    if (known !== undefined) return known;
    this.#numbers.set(real, this.#numbers.size);
    return this.#numbers.size - 1;
  }

  virtual(real: number): number {
    return this.#base + this.numberOf(real);
  }

  answer(question: PidQuestion): PidAnswer {
    if ('spawned' in question) return { pid: this.virtual(question.spawned) };
    const number = question.pidOf - this.#base;
    for (const [real, its] of this.#numbers) if (its === number) return { pid: real };
    return { pid: 0 };
  }
}
