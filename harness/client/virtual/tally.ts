import type { Nanos } from '../../clock/clock.ts';
import type { ClientTurn } from './link.ts';

const MAX_KINDS = 1_000;
const SHOWN = 3;

/** Counts what a client does at one moment, for the message that names one that never waits. */
export class Tally {
  readonly #counts = new Map<string, number>();
  #at: Nanos = -1n;

  /** `isDue`: it wants its next turn at once. */
  add(at: Nanos, turn: ClientTurn, isDue: boolean): void {
    if (at !== this.#at) this.#counts.clear();
    this.#at = at;
    for (const op of turn.ops)
      this.#count(op.op === 'connect' ? `a connect to ${op.host}:${op.port}` : `socket ${op.op}`);
    if (turn.blocked) this.#count('a synchronous child process');
    else if (isDue) this.#count('a timer or a sleep that is due at once');
  }

  /** The most frequent first. */
  get text(): string {
    const sorted = [...this.#counts].toSorted(([, a], [, b]) => b - a).slice(0, SHOWN);
    return sorted.map(([what, count]) => `${count} × ${what}`).join(', ');
  }

  #count(what: string): void {
    if (this.#counts.size < MAX_KINDS || this.#counts.has(what))
      this.#counts.set(what, (this.#counts.get(what) ?? 0) + 1);
  }
}
