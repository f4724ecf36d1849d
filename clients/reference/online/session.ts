import { randomUUID } from 'node:crypto';
import type { ClientMessage } from '../../../emulators/metering/codec/index.ts';
import type { Bugs } from '../bugs.ts';
import type { Configuration } from '../configuration.ts';
import { type About, NOTHING_KNOWN, type Seat, type Seats } from '../meter.ts';
import type { Report } from '../report.ts';
import { Stopped, type Time } from '../time.ts';
import { Away } from './away.ts';
import type { CheckOuts } from './check-outs.ts';
import type { Lease, LeaseBook } from './lease-book.ts';
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

/** That a live-status can name. */
const MAX_LEASES_PER_MESSAGE = 512;
/** How many the bug wrong-account tries besides the right one. */
const OTHER_ACCOUNTS = 2;
/** By how much the bug false-callback misses the grace period. */
const LATE_MS = 60_000;

/**
 * Asks servers for permission to run programs. Stays with the assigned server while that answers, uses up the attempts
 * before it switches, comes back, and gives back what it holds elsewhere (Q235786, Q213167, Q226838).
 *
 * Each server is cared for by one loop: it waits until there is something to do there, does it, and counts the attempts that fail.
 */
export class OnlineSession implements Seats {
  readonly #parts: SessionParts;
  readonly #lines: readonly Line[];
  readonly #assigned: Line;
  readonly #seats = new Set<OnlineSeat>();
  readonly #away: Away;
  /** Gets the new requests. */
  #current: Line;
  /** The servers that were given up on the way to the current one. */
  readonly #givenUp = new Set<Line>();
  /** The current server has still to be reached, whether or not a program runs. */
  #isSeeking = true;
  #isOffline = false;
  #isRefused = false;
  /** Refused logins; only a bug counts them. */
  #refusals = 0;
  /** What was denied once; only a bug looks at it. */
  readonly #deniedOnce = new Set<string>();

  constructor(parts: SessionParts) {
    this.#parts = parts;
    const lineOf = ({ name }: { name: string }): Line =>
      new Line(name, parts.open(name), parts.time, parts.bugs, parts.configuration.retryJitter);
    const [assigned, ...others] = parts.configuration.servers;
    this.#assigned = lineOf(assigned);
    this.#lines = [this.#assigned, ...others.map(lineOf)];
    this.#current = this.#assigned;
    this.#away = new Away(parts.checkOuts, parts.report, (lease) => parts.book.forget(lease));
    for (const line of this.#lines)
      line.onCallback = (program, graceMs) => this.#calledBack(line, program, graceMs);
  }

  /** Ends only with an error, such as the abort of the time. */
  async run(): Promise<void> {
    await Promise.all([...this.#lines.map((line) => this.#careFor(line)), this.#remindOfStatus()]);
  }

  take(program: string, about: About = NOTHING_KNOWN): Seat {
    const seat = new OnlineSeat(program, about);
    if (this.#away.covers(program)) seat.state = 'away';
    seat.wasAllowed = this.#isOffline;
    const { bugs } = this.#parts;
    if (this.#isOffline && bugs.has('outage-is-a-denial')) deny(seat);
    if (this.#isRefused && bugs.has('login-refused-unmetered')) deny(seat);
    if (bugs.has('denial-remembered') && this.#deniedOnce.has(program)) deny(seat);
    this.#seats.add(seat);
    this.#current.wake();
    return seat;
  }

  giveBack(seat: Seat): void {
    if (!(seat instanceof OnlineSeat)) return;
    this.#seats.delete(seat);
    if (!this.#parts.bugs.has('seat-kept-after-the-stop')) this.#letGoOf(seat);
  }

  /** The user wants to use a program away from the network. */
  checkOut(program: string, durationMs: number): void {
    this.#away.checkOut(program, durationMs);
    this.#current.wake();
  }

  checkIn(program: string): void {
    if (!this.#parts.bugs.has('check-in-forgotten')) this.#away.checkIn(program);
    this.#wakeAll();
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
        if (bugs.has('lease-forgotten-with-the-pipe')) this.#forgetHeldAt(line);
        await line.attempt(retryDelayMs);
        if (!this.#hasWork(line)) continue;
      }
      try {
        await line.connect(this.#hello());
        await this.#serve(line);
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
    if (this.#isRefused || (this.#isOffline && bugs.has('offline-for-ever'))) return false;
    const returns = this.#isOffline || !bugs.has('no-return');
    return (
      this.#isNeeded(line) ||
      (line === this.#assigned && this.#isAway && !this.#isSeeking && returns) ||
      (line.isUp && line.statusDue) ||
      this.#parts.book.owedTo(line.server).length > 0 ||
      this.#away.owesTo(line.server)
    );
  }

  /** Whether a failure here is a reason to go elsewhere. */
  #isNeeded(line: Line): boolean {
    if (this.#isOffline || this.#isRefused) return false;
    const isWanted = this.#isSeeking || this.#asking().length > 0 || this.#away.isWanted;
    if (line === this.#current && isWanted) return true;
    if (this.#parts.bugs.has('idle-line-kept-up') && line === this.#current && !line.isUp)
      return true;
    return !line.isUp && this.#heldAt(line).length > 0;
  }

  get #isAway(): boolean {
    return this.#isOffline || this.#current !== this.#assigned;
  }

  /** Does all that has to be done at a server that is connected. Rejects when one answer fails to come. */
  async #serve(line: Line): Promise<void> {
    for (const lease of this.#parts.book.owedTo(line.server)) await this.#release(line, lease);
    await this.#away.giveBack(line);
    if (line === this.#current && !this.#isOffline) {
      for (const seat of this.#asking()) await this.#request(line, seat);
      await this.#away.fetch(line);
    }
    if (line.statusDue) await this.#sayLive(line);
  }

  async #request(line: Line, seat: OnlineSeat): Promise<void> {
    const { report, bugs } = this.#parts;
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
      this.#deniedOnce.add(program);
      if (bugs.has('denial-repeated') || bugs.has('denial-elsewhere')) throw new Denied();
      if (bugs.has('denied-run-recorded')) seat.wasAllowed = true;
      if (bugs.has('denial-undoes-the-run')) seat.wasAllowed = false;
      seat.state = 'denied';
      this.#letGoOf(seat);
      report.event('denied', { ...about, why: answer.why });
      if (answer.why === 'no-seat') await this.#askForCallback(line, seat);
    } else if (bugs.has('any-answer-is-a-grant')) {
      seat.state = 'held';
      seat.wasAllowed = true;
    } else throw new Error(`${answer.type} does not answer request-use`);
    // It was stopped while we asked.
    if (!this.#seats.has(seat) && !bugs.has('late-grant-kept')) this.#letGoOf(seat);
  }

  /** The user waits; once is enough. */
  async #askForCallback(line: Line, seat: OnlineSeat): Promise<void> {
    const { bugs } = this.#parts;
    const isAgain = seat.wasCalledBack && !bugs.has('callback-repeated');
    if (isAgain || seat.wasAllowed || !this.#seats.has(seat)) return;
    const { program, about } = seat;
    const answer = await line.ask({ type: 'request-callback', program, ...about });
    seat.isWaiting = answer.type === 'callback-registered';
    if (bugs.has('hangs-up-after-a-denial')) line.leave();
  }

  /** A seat is kept for us: we ask for it once, and at once (Q226823). */
  #calledBack(line: Line, program: string, graceMs: number): void {
    const { time, report, bugs } = this.#parts;
    const seat = [...this.#seats].find(
      (each) => each.isWaiting && each.program.toLowerCase() === program.toLowerCase(),
    );
    report.event('called-back', { server: line.server, program });
    if (!seat || line !== this.#current) return;
    seat.isWaiting = false;
    seat.wasCalledBack = true;
    const ask = (): void => {
      seat.state = 'asking';
      line.wake();
    };
    if (!bugs.has('false-callback')) return ask();
    time.until(time.elapsedMs() + graceMs + LATE_MS).then(ask, () => {});
  }

  #granted(seat: OnlineSeat, lease: Lease): void {
    const { time } = this.#parts;
    if (seat.wasCalledBack)
      seat.grantedAt ??= { wallMs: time.wallMs(), elapsedMs: time.elapsedMs() };
    const before = seat.lease;
    seat.lease = lease;
    seat.state = 'held';
    seat.wasAllowed = true;
    this.#parts.book.hold(lease);
    if (!before || (before.server === lease.server && before.id === lease.id)) return;
    if (this.#parts.bugs.has('orphan-seat')) this.#parts.book.forget(before);
    else this.#letGo(before);
  }

  async #release(line: Line, lease: Lease): Promise<void> {
    const answer = await line.ask({ type: 'release', lease: lease.id });
    if (answer.type !== 'released') throw new Error(`${answer.type} does not answer release`);
    this.#parts.book.forget(lease);
    this.#parts.report.event('released', { server: line.server, lease: lease.id });
  }

  async #sayLive(line: Line): Promise<void> {
    const held = this.#heldAt(line);
    const leases = [...new Set(held.map((seat) => seat.lease!.id))];
    const known = new Set<string>();
    for (let first = 0; first < leases.length; first += MAX_LEASES_PER_MESSAGE) {
      const part = leases.slice(first, first + MAX_LEASES_PER_MESSAGE);
      const answer = await line.ask({ type: 'live-status', leases: part });
      if (answer.type !== 'live-ack') throw new Error(`${answer.type} does not answer live-status`);
      for (const lease of answer.leases) known.add(lease);
    }
    for (const seat of held) if (seat.lease && !known.has(seat.lease.id)) this.#lostLease(seat);
    line.statusDue = false;
  }

  /** The server has forgotten it, or has taken it back. */
  #lostLease(seat: OnlineSeat): void {
    if (!seat.lease || seat.state !== 'held' || this.#parts.bugs.has('lost-lease-ignored')) return;
    this.#parts.book.forget(seat.lease);
    seat.lease = undefined;
    seat.state = 'asking';
    this.#current.wake();
  }

  /** What the bug lease-forgotten-with-the-pipe does. */
  #forgetHeldAt(line: Line): void {
    for (const seat of this.#heldAt(line)) {
      this.#parts.book.forget(seat.lease!);
      seat.lease = undefined;
    }
  }

  #letGoOf(seat: OnlineSeat): void {
    const { lease } = seat;
    seat.lease = undefined;
    if (lease) this.#letGo(lease);
  }

  /** Two runs of one program may share a lease: it goes back with the last of them. */
  #letGo(lease: Lease): void {
    const shared = [...this.#seats].some(
      (seat) => seat.lease?.server === lease.server && seat.lease.id === lease.id,
    );
    const { book, bugs } = this.#parts;
    if (this.#away.has(lease)) return;
    if (shared && !bugs.has('shared-lease-released-early')) return;
    const granter = this.#lines.find((line) => line.server === lease.server);
    if (bugs.has('release-lost-with-the-pipe') && !granter?.isUp) return book.forget(lease);
    if (bugs.has('release-to-the-current')) {
      book.forget(lease);
      book.owe({ server: this.#current.server, id: lease.id });
      return this.#current.wake();
    }
    book.owe(lease);
    granter?.wake();
  }

  /** A server did all that it was asked. */
  #reached(line: Line): void {
    const { report } = this.#parts;
    if (line === this.#assigned && this.#isAway) {
      report.event(this.#isOffline ? 'online' : 'returned', { server: line.server });
      const left = this.#current;
      this.#isOffline = false;
      this.#current = line;
      this.#leaveIfIdle(left);
    } else if (line === this.#current && this.#givenUp.size > 0) {
      report.event('switched', { server: line.server });
    }
    if (line === this.#current) {
      this.#isSeeking = false;
      this.#givenUp.clear();
    }
    this.#leaveIfIdle(line);
    this.#wakeAll();
  }

  /** The attempts at a server that is needed are used up: what was wanted there is wanted at another one. */
  #giveUp(line: Line): void {
    for (const seat of this.#heldAt(line)) seat.state = 'asking';
    // A busy server has still a connection: it must say welcome again before it is believed.
    line.leave();
    if (line === this.#current) {
      this.#givenUp.add(line);
      const { bugs } = this.#parts;
      const others = this.#following(line);
      if (bugs.has('reverse-order')) others.reverse();
      const next = others.find((candidate) => !this.#givenUp.has(candidate));
      this.#isSeeking = next !== undefined;
      if (next) this.#current = next;
      else this.#goOffline();
    }
    this.#wakeAll();
  }

  #goOffline(): void {
    this.#isOffline = true;
    this.#current = this.#assigned;
    this.#givenUp.clear();
    for (const seat of this.#asking())
      if (this.#parts.bugs.has('outage-is-a-denial')) deny(seat);
      else seat.wasAllowed = true;
    this.#parts.report.event('offline');
  }

  /** SWM-7: a refused login is not tried again, there or elsewhere, until we are started again. */
  #refused(line: Line, { message }: LoginRefused): void {
    this.#isRefused = true;
    for (const each of this.#lines) each.leave();
    if (this.#parts.bugs.has('login-refused-unmetered')) for (const seat of this.#seats) deny(seat);
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
      for (const line of this.#lines) {
        if (bugs.has('status-to-the-assigned') && line !== this.#assigned) continue;
        line.statusDue = this.#heldAt(line).length > 0;
        line.wake();
      }
      if (bugs.has('live-status-once')) return;
    }
  }

  /** The course has changed: there may be something to do, or no more to do, anywhere. */
  #wakeAll(): void {
    for (const line of this.#lines) line.wake();
  }

  /** Only the current server is kept on the line without a reason. */
  #leaveIfIdle(line: Line): void {
    if (line !== this.#current && this.#heldAt(line).length === 0 && !this.#hasWork(line))
      line.leave();
  }

  #asking(): OnlineSeat[] {
    return [...this.#seats].filter((seat) => seat.state === 'asking' && !seat.isBeingAsked);
  }

  #heldAt(line: Line): OnlineSeat[] {
    return [...this.#seats].filter(
      (seat) => seat.state === 'held' && seat.lease?.server === line.server,
    );
  }

  /** The other servers in the order of the list, from that one on and around. */
  #following(line: Line): Line[] {
    const index = this.#lines.indexOf(line);
    return [...this.#lines.slice(index + 1), ...this.#lines.slice(0, index)];
  }
}

function attemptsOf({ attempts }: Configuration, bugs: Bugs): number {
  if (bugs.has('hasty-switch')) return 1;
  if (bugs.has('one-attempt-short')) return Math.max(1, attempts - 1);
  return bugs.has('one-attempt-more') ? attempts + 1 : attempts;
}

function deny(seat: OnlineSeat): void {
  seat.state = 'denied';
  seat.wasAllowed = false;
}
