import { randomUUID } from 'node:crypto';
import type { ClientMessage } from '../../../emulators/metering/codec/index.ts';
import type { Bugs } from '../bugs.ts';
import type { Configuration } from '../configuration.ts';
import { type About, NOTHING_KNOWN, type Seat, type Seats } from '../meter.ts';
import type { Report } from '../report.ts';
import { Stopped, type Time } from '../time.ts';
import { Away } from './away.ts';
import type { CheckOuts } from './check-outs.ts';
import { Course } from './course.ts';
import { Errands } from './errands.ts';
import { Holdings } from './holdings.ts';
import type { LeaseBook } from './lease-book.ts';
import { Busy, Denied, Line, LoginRefused, type OpenPipe, untilWall } from './line.ts';
import { OnlineSeat } from './seat.ts';

export interface SessionParts {
  readonly configuration: Configuration;
  readonly open: (server: string) => OpenPipe;
  readonly book: LeaseBook;
  readonly checkOuts: CheckOuts;
  readonly time: Time;
  readonly report: Report;
  readonly bugs: Bugs;
}

/** How many the bug wrong-account tries besides the right one. */
const OTHER_ACCOUNTS = 2;

/**
 * Asks servers for permission to run programs. Stays with the assigned server while that answers, uses up the attempts
 * before it switches, comes back, and gives back what it holds elsewhere (Q235786, Q213167, Q226838).
 *
 * Each server is cared for by one loop: it waits until there is something to do there, does it, and counts the attempts that fail.
 */
export class OnlineSession implements Seats {
  readonly #parts: SessionParts;
  readonly #away: Away;
  readonly #course: Course;
  readonly #holdings: Holdings;
  readonly #errands: Errands;
  #isRefused = false;
  /** Refused logins; only a bug counts them. */
  #refusals = 0;

  constructor(parts: SessionParts) {
    const { configuration, book, bugs, checkOuts, report, time } = parts;
    this.#parts = parts;
    const lineOf = ({ name }: { name: string }): Line =>
      new Line(name, parts.open(name), time, bugs, configuration.retryJitter);
    const [assigned, ...others] = configuration.servers;
    const course = new Course(lineOf(assigned), others.map(lineOf), bugs);
    const away = new Away(checkOuts, report, (lease) => book.forget(lease));
    const holdings = new Holdings(course, book, away, bugs);
    this.#away = away;
    this.#course = course;
    this.#holdings = holdings;
    this.#errands = new Errands({ course, holdings, away, book, time, report, bugs });
  }

  /** Ends only with an error, such as the abort of the time. */
  async run(): Promise<void> {
    await Promise.all([
      ...this.#course.lines.map((line) => this.#careFor(line)),
      this.#remindOfStatus(),
    ]);
  }

  take(program: string, about: About = NOTHING_KNOWN): Seat {
    const seat = new OnlineSeat(program, about);
    if (this.#away.covers(program)) seat.state = 'away';
    seat.wasAllowed = this.#course.isOffline;
    const { bugs } = this.#parts;
    if (this.#course.isOffline && bugs.has('outage-is-a-denial')) seat.forbid();
    if (this.#isRefused && bugs.has('login-refused-unmetered')) seat.forbid();
    if (bugs.has('denial-remembered') && this.#holdings.deniedOnce.has(program)) seat.forbid();
    this.#holdings.add(seat);
    this.#course.current.wake();
    return seat;
  }

  giveBack(seat: Seat): void {
    if (seat instanceof OnlineSeat) this.#holdings.remove(seat);
  }

  /** The user wants to use a program away from the network. */
  checkOut(program: string, durationMs: number): void {
    this.#away.checkOut(program, durationMs);
    this.#course.current.wake();
  }

  checkIn(program: string): void {
    if (!this.#parts.bugs.has('check-in-forgotten')) this.#away.checkIn(program);
    this.#course.wakeAll();
  }

  async #careFor(line: Line): Promise<void> {
    const { configuration, bugs } = this.#parts;
    const { retryDelayMs } = configuration;
    const attempts = attemptsOf(configuration, bugs);
    let failures = 0;
    for (;;) {
      while (!this.#hasWork(line)) {
        failures = 0;
        await line.woken();
      }
      const isAttempt = !line.isWell;
      if (isAttempt) {
        if (bugs.has('lease-forgotten-with-the-pipe')) this.#holdings.forgetHeldAt(line);
        await line.attempt(retryDelayMs);
        if (!this.#hasWork(line)) continue;
      }
      try {
        await line.connect(this.#hello());
        await this.#errands.runAll(line);
        failures = 0;
        line.succeeded();
        this.#reached(line);
      } catch (error) {
        if (error instanceof Stopped) throw error;
        line.failed(error, retryDelayMs);
        if (error instanceof LoginRefused) {
          if (bugs.has('wrong-account') && this.#refusals++ < OTHER_ACCOUNTS) {
            this.#giveUp(line);
            continue;
          }
          if (bugs.has('login-storm')) continue;
          if (!bugs.has('login-elsewhere')) return this.#refused(line, error);
        }
        this.#parts.report.event('pipe-failed', {
          server: line.server,
          why: error instanceof Error ? error.message : '',
        });
        // A connection that breaks is no attempt yet; a busy answer is one.
        if (!isAttempt && !(error instanceof Busy)) continue;
        if (error instanceof Busy && (bugs.has('busy-spin') || bugs.has('busy-is-no-attempt')))
          continue;
        if (bugs.has('attempts-reset-on-connect') && line.hasConnected) failures = 0;
        failures = this.#isNeeded(line) ? failures + 1 : 0;
        if (bugs.has('denial-elsewhere') && error instanceof Denied) failures = attempts;
        if (failures < attempts) continue;
        failures = 0;
        this.#giveUp(line);
      }
    }
  }

  #hello(): ClientMessage {
    const { bugs, configuration } = this.#parts;
    const { workstation, mode } = configuration;
    let { client, user } = configuration;
    if (bugs.has('new-holder-each-time')) client = `${client}-${randomUUID()}`;
    if (bugs.has('wrong-account') && this.#refusals > 0) user = `SMSClient_${this.#refusals}`;
    return { type: 'hello', client, user, workstation, build: 'reference', mode };
  }

  #hasWork(line: Line): boolean {
    const { bugs } = this.#parts;
    if (this.#isRefused || (this.#course.isOffline && bugs.has('offline-for-ever'))) return false;
    const returns = this.#course.isOffline || !bugs.has('no-return');
    return (
      this.#isNeeded(line) ||
      (line === this.#course.assigned &&
        this.#course.isAway &&
        !this.#course.isSeeking &&
        returns) ||
      (line.isUp && line.statusDue) ||
      this.#errands.isOwed(line)
    );
  }

  /** Whether a failure here is a reason to go elsewhere. */
  #isNeeded(line: Line): boolean {
    if (this.#course.isOffline || this.#isRefused) return false;
    const isWanted =
      this.#course.isSeeking || this.#holdings.asking().length > 0 || this.#away.isWanted;
    if (line === this.#course.current && isWanted) return true;
    if (this.#parts.bugs.has('idle-line-kept-up') && line === this.#course.current && !line.isUp)
      return true;
    return !line.isUp && this.#holdings.heldAt(line).length > 0;
  }

  /** A server did all that it was asked. */
  #reached(line: Line): void {
    const { event, left } = this.#course.reached(line);
    if (event) this.#parts.report.event(event, { server: line.server });
    if (left) this.#leaveIfIdle(left);
    this.#leaveIfIdle(line);
    this.#course.wakeAll();
  }

  /** The attempts at a server that is needed are used up: what was wanted there is wanted at another one. */
  #giveUp(line: Line): void {
    for (const seat of this.#holdings.heldAt(line)) seat.state = 'asking';
    // A busy server has still a connection: it must say welcome again before it is believed.
    line.leave();
    if (line === this.#course.current && !this.#course.giveUpCurrent()) this.#wentOffline();
    this.#course.wakeAll();
  }

  #wentOffline(): void {
    for (const seat of this.#holdings.asking())
      if (this.#parts.bugs.has('outage-is-a-denial')) seat.forbid();
      else seat.wasAllowed = true;
    this.#parts.report.event('offline');
  }

  /** SWM-7: a refused login is not tried again, there or elsewhere, until we are started again. */
  #refused(line: Line, { message }: LoginRefused): void {
    this.#isRefused = true;
    for (const each of this.#course.lines) each.leave();
    if (this.#parts.bugs.has('login-refused-unmetered'))
      for (const seat of this.#holdings.all()) seat.forbid();
    this.#parts.report.trouble(`${line.server} refuses our login: ${message}`);
    this.#parts.report.event('login-refused', { server: line.server });
  }

  async #remindOfStatus(): Promise<void> {
    const { time, configuration, bugs } = this.#parts;
    if (bugs.has('live-status-never')) return;
    let dueWallMs = time.wallMs();
    for (let dueMs = time.elapsedMs(); ;) {
      dueMs += configuration.liveStatusIntervalMs;
      if (bugs.has('status-by-the-clock')) {
        dueWallMs += configuration.liveStatusIntervalMs;
        await untilWall(dueWallMs, time);
      } else await time.until(dueMs);
      for (const line of this.#course.lines) {
        if (bugs.has('status-to-the-assigned') && line !== this.#course.assigned) continue;
        line.statusDue = this.#holdings.heldAt(line).length > 0;
        line.wake();
      }
      if (bugs.has('live-status-once')) return;
    }
  }

  /** Only the current server is kept on the line without a reason. */
  #leaveIfIdle(line: Line): void {
    if (
      line !== this.#course.current &&
      this.#holdings.heldAt(line).length === 0 &&
      !this.#hasWork(line)
    )
      line.leave();
  }
}

function attemptsOf({ attempts }: Configuration, bugs: Bugs): number {
  if (bugs.has('hasty-switch')) return 1;
  if (bugs.has('one-attempt-short')) return Math.max(1, attempts - 1);
  return bugs.has('one-attempt-more') ? attempts + 1 : attempts;
}
