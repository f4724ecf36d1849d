import type { Bugs } from '../bugs.ts';
import type { Report } from '../report.ts';
import type { Time } from '../time.ts';
import type { Away } from './away.ts';
import type { Course } from './course.ts';
import type { Holdings } from './holdings.ts';
import type { Lease, LeaseBook } from './lease-book.ts';
import { Denied, type Line } from './line.ts';
import type { OnlineSeat } from './seat.ts';

export interface ErrandsParts {
  readonly course: Course;
  readonly holdings: Holdings;
  readonly away: Away;
  readonly book: LeaseBook;
  readonly time: Time;
  readonly report: Report;
  readonly bugs: Bugs;
}

/** That a live-status can name. */
const MAX_LEASES_PER_MESSAGE = 512;
/** By how much the bug false-callback misses the grace period. */
const LATE_MS = 60_000;

/** What is to be said to a server that is connected. Every errand rejects when one answer fails to come. */
export class Errands {
  readonly #parts: ErrandsParts;

  constructor(parts: ErrandsParts) {
    this.#parts = parts;
    for (const line of parts.course.lines)
      line.onCallback = (program, graceMs) => this.#calledBack(line, program, graceMs);
  }

  /** Whether that server is owed something, wherever the requests go. */
  isOwed({ server }: Line): boolean {
    const { book, away } = this.#parts;
    return book.owedTo(server).length > 0 || away.owesTo(server);
  }

  async runAll(line: Line): Promise<void> {
    const { book, away, course, holdings } = this.#parts;
    for (const lease of book.owedTo(line.server)) await this.#release(line, lease);
    await away.giveBack(line);
    if (line === course.current && !course.isOffline) {
      for (const seat of holdings.asking()) await this.#request(line, seat);
      await away.fetch(line);
    }
    if (line.statusDue) await this.#sayLive(line);
  }

  async #request(line: Line, seat: OnlineSeat): Promise<void> {
    const { report, bugs, holdings } = this.#parts;
    const { program } = seat;
    const about = { server: line.server, program };
    seat.isBeingAsked = true;
    const answer = await line
      .ask({ type: 'request-use', program, ...seat.about })
      .finally(() => (seat.isBeingAsked = false));
    if (answer.type === 'granted') {
      this.#granted(seat, { server: line.server, id: answer.lease });
      report.event('granted', about);
    } else if (answer.type === 'denied') {
      holdings.deniedOnce.add(program);
      if (bugs.has('denial-repeated') || bugs.has('denial-elsewhere')) throw new Denied();
      if (bugs.has('denied-run-recorded')) seat.wasAllowed = true;
      if (bugs.has('denial-undoes-the-run')) seat.wasAllowed = false;
      seat.state = 'denied';
      holdings.letGoOf(seat);
      report.event('denied', { ...about, why: answer.why });
      if (answer.why === 'no-seat') await this.#askForCallback(line, seat);
    } else if (bugs.has('any-answer-is-a-grant')) {
      seat.state = 'held';
      seat.wasAllowed = true;
    } else throw new Error(`${answer.type} does not answer request-use`);
    // It was stopped while we asked.
    if (!holdings.has(seat) && !bugs.has('late-grant-kept')) holdings.letGoOf(seat);
  }

  #granted(seat: OnlineSeat, lease: Lease): void {
    const { time, holdings } = this.#parts;
    if (seat.wasCalledBack)
      seat.grantedAt ??= { wallMs: time.wallMs(), elapsedMs: time.elapsedMs() };
    holdings.granted(seat, lease);
  }

  /** The user waits; once is enough. */
  async #askForCallback(line: Line, seat: OnlineSeat): Promise<void> {
    const { bugs, holdings } = this.#parts;
    const isAgain = seat.wasCalledBack && !bugs.has('callback-repeated');
    if (isAgain || seat.wasAllowed || !holdings.has(seat)) return;
    const { program, about } = seat;
    const answer = await line.ask({ type: 'request-callback', program, ...about });
    seat.isWaiting = answer.type === 'callback-registered';
    if (bugs.has('hangs-up-after-a-denial')) line.leave();
  }

  /** A seat is kept for us: we ask for it once, and at once (Q226823). */
  #calledBack(line: Line, program: string, graceMs: number): void {
    const { time, report, bugs, course, holdings } = this.#parts;
    const seat = holdings
      .all()
      .find((each) => each.isWaiting && each.program.toLowerCase() === program.toLowerCase());
    report.event('called-back', { server: line.server, program });
    if (!seat || line !== course.current) return;
    seat.isWaiting = false;
    seat.wasCalledBack = true;
    const ask = (): void => {
      seat.state = 'asking';
      line.wake();
    };
    if (!bugs.has('false-callback')) return ask();
    time.until(time.elapsedMs() + graceMs + LATE_MS).then(ask, () => {});
  }

  async #release(line: Line, lease: Lease): Promise<void> {
    if (this.#parts.bugs.has('release-asked-once')) this.#parts.book.forget(lease);
    const answer = await line.ask({ type: 'release', lease: lease.id });
    if (answer.type !== 'released') throw new Error(`${answer.type} does not answer release`);
    this.#parts.book.forget(lease);
    this.#parts.report.event('released', { server: line.server, lease: lease.id });
  }

  async #sayLive(line: Line): Promise<void> {
    const { holdings } = this.#parts;
    const held = holdings.heldAt(line);
    const leases = [...new Set(held.map((seat) => seat.lease!.id))];
    const known = new Set<string>();
    for (let first = 0; first < leases.length; first += MAX_LEASES_PER_MESSAGE) {
      const part = leases.slice(first, first + MAX_LEASES_PER_MESSAGE);
      const answer = await line.ask({ type: 'live-status', leases: part });
      if (answer.type !== 'live-ack') throw new Error(`${answer.type} does not answer live-status`);
      for (const lease of answer.leases) known.add(lease);
    }
    for (const seat of held) if (seat.lease && !known.has(seat.lease.id)) holdings.lost(seat);
    line.statusDue = false;
  }
}
