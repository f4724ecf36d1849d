import type { Bugs } from '../bugs.ts';
import type { Line } from './line.ts';

/** What there is to tell when a server did all that it was asked. */
interface Arrival {
  readonly event?: 'online' | 'returned' | 'switched';
  /** The server that was in use until then. */
  readonly left?: Line;
}

/** Which server is in use: the assigned one while it answers, then the next of the list (Q235786), none when all were tried. */
export class Course {
  readonly lines: readonly Line[];
  readonly assigned: Line;
  readonly #bugs: Bugs;
  #current: Line;
  /** The servers that were given up on the way to the current one. */
  readonly #givenUp = new Set<Line>();
  #isSeeking = true;
  #isOffline = false;

  constructor(assigned: Line, others: readonly Line[], bugs: Bugs) {
    this.assigned = assigned;
    this.lines = [assigned, ...others];
    this.#current = assigned;
    this.#bugs = bugs;
  }

  /** Gets the new requests. */
  get current(): Line {
    return this.#current;
  }

  /** The current server has still to be reached, whether or not a program runs. */
  get isSeeking(): boolean {
    return this.#isSeeking;
  }

  get isOffline(): boolean {
    return this.#isOffline;
  }

  get isAway(): boolean {
    return this.#isOffline || this.#current !== this.assigned;
  }

  lineTo(server: string): Line | undefined {
    return this.lines.find((line) => line.server === server);
  }

  reached(line: Line): Arrival {
    const arrival = this.#arrivalAt(line);
    if (arrival.left) {
      this.#isOffline = false;
      this.#current = line;
    }
    if (line === this.#current) {
      this.#isSeeking = false;
      this.#givenUp.clear();
    }
    return arrival;
  }

  #arrivalAt(line: Line): Arrival {
    if (line === this.assigned && this.isAway)
      return { event: this.#isOffline ? 'online' : 'returned', left: this.#current };
    return line === this.#current && this.#givenUp.size > 0 ? { event: 'switched' } : {};
  }

  /** The attempts at the current server are used up: false when no other is left to try. */
  giveUpCurrent(): boolean {
    this.#givenUp.add(this.#current);
    const others = this.#following(this.#current);
    if (this.#bugs.has('reverse-order')) others.reverse();
    const next = others.find((candidate) => !this.#givenUp.has(candidate));
    this.#isSeeking = next !== undefined;
    this.#current = next ?? this.assigned;
    if (next) return true;
    this.#isOffline = true;
    this.#givenUp.clear();
    return false;
  }

  /** The course has changed: there may be something to do, or no more to do, anywhere. */
  wakeAll(): void {
    for (const line of this.lines) line.wake();
  }

  /** The other servers in the order of the list, from that one on and around. */
  #following(line: Line): Line[] {
    const index = this.lines.indexOf(line);
    return [...this.lines.slice(index + 1), ...this.lines.slice(0, index)];
  }
}
