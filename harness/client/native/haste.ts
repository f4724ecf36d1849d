import type { Nanos } from '../../clock/clock.ts';

/** With waits of no more than that, a day of case time takes about as long as a real one. */
const SHORT_NS = 1_000_000n;

interface Spell {
  readonly sinceMs: number;
  readonly from: Nanos;
}

/** Finds the task that never waits for more than a moment: one that loops on the clock until a time that is hours away. */
export class Haste {
  readonly #spells = new WeakMap<object, Spell>();

  /**
   * A task waits, at case time `now`, until `deadline` (undefined: for whatever comes). Returns the case time since which all its waits
   * have been short, once that has taken more than `limitMs` of real time; `realMs` is the real time now.
   */
  note(
    task: object,
    wait: { deadline: Nanos | undefined; now: Nanos; realMs: number; limitMs: number },
  ): Nanos | undefined {
    const { deadline, now, realMs, limitMs } = wait;
    if (deadline === undefined || deadline - now > SHORT_NS) {
      this.#spells.delete(task);
      return undefined;
    }
    const spell = this.#spells.get(task) ?? { sinceMs: realMs, from: now };
    this.#spells.set(task, spell);
    return realMs - spell.sinceMs > limitMs ? spell.from : undefined;
  }
}
