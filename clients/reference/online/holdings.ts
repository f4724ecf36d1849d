import type { Bugs } from '../bugs.ts';
import type { Away } from './away.ts';
import type { Course } from './course.ts';
import type { Lease, LeaseBook } from './lease-book.ts';
import type { Line } from './line.ts';
import type { OnlineSeat } from './seat.ts';

/** The runs that ask for a permission, and the leases that they hold: each goes back to the server that granted it (FO-4). */
export class Holdings {
  /** Programs that were denied; only a bug looks at it. */
  readonly deniedOnce = new Set<string>();
  readonly #seats = new Set<OnlineSeat>();
  readonly #course: Course;
  readonly #book: LeaseBook;
  readonly #away: Away;
  readonly #bugs: Bugs;

  constructor(course: Course, book: LeaseBook, away: Away, bugs: Bugs) {
    this.#course = course;
    this.#book = book;
    this.#away = away;
    this.#bugs = bugs;
  }

  add(seat: OnlineSeat): void {
    this.#seats.add(seat);
  }

  /** The program has stopped. */
  remove(seat: OnlineSeat): void {
    this.#seats.delete(seat);
    if (!this.#bugs.has('seat-kept-after-the-stop')) this.letGoOf(seat);
  }

  has(seat: OnlineSeat): boolean {
    return this.#seats.has(seat);
  }

  all(): OnlineSeat[] {
    return [...this.#seats];
  }

  asking(): OnlineSeat[] {
    return this.all().filter((seat) => seat.state === 'asking' && !seat.isBeingAsked);
  }

  heldAt(line: Line): OnlineSeat[] {
    return this.all().filter((seat) => seat.state === 'held' && seat.lease?.server === line.server);
  }

  granted(seat: OnlineSeat, lease: Lease): void {
    const before = seat.lease;
    seat.lease = lease;
    seat.state = 'held';
    seat.wasAllowed = true;
    this.#book.hold(lease);
    if (!before || (before.server === lease.server && before.id === lease.id)) return;
    if (this.#bugs.has('orphan-seat')) this.#book.forget(before);
    else this.#letGo(before);
  }

  /** The server has forgotten it, or has taken it back. */
  lost(seat: OnlineSeat): void {
    if (!seat.lease || seat.state !== 'held' || this.#bugs.has('lost-lease-ignored')) return;
    this.#book.forget(seat.lease);
    seat.lease = undefined;
    seat.state = 'asking';
    this.#course.current.wake();
  }

  /** What the bug lease-forgotten-with-the-pipe does. */
  forgetHeldAt(line: Line): void {
    for (const seat of this.heldAt(line)) {
      this.#book.forget(seat.lease!);
      seat.lease = undefined;
    }
  }

  letGoOf(seat: OnlineSeat): void {
    const { lease } = seat;
    seat.lease = undefined;
    if (lease) this.#letGo(lease);
  }

  /** Two runs of one program may share a lease: it goes back with the last of them. */
  #letGo(lease: Lease): void {
    const shared = this.all().some(
      (seat) => seat.lease?.server === lease.server && seat.lease.id === lease.id,
    );
    if (this.#away.has(lease)) return;
    if (shared && !this.#bugs.has('shared-lease-released-early')) return;
    const granter = this.#course.lineTo(lease.server);
    if (this.#bugs.has('release-lost-with-the-pipe') && !granter?.isUp)
      return this.#book.forget(lease);
    if (this.#bugs.has('release-to-the-current')) {
      const { current } = this.#course;
      this.#book.forget(lease);
      this.#book.owe({ server: current.server, id: lease.id });
      return current.wake();
    }
    this.#book.owe(lease);
    granter?.wake();
  }
}
