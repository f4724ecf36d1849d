import type { ClientMessage } from '../../../emulators/metering/codec/index.ts';
import type { Bugs } from '../bugs.ts';
import type { Configuration } from '../configuration.ts';
import type { Seat, Seats } from '../meter.ts';
import type { Report } from '../report.ts';
import { Stopped, type Time } from '../time.ts';
import type { Lease, LeaseBook } from './lease-book.ts';
import { Busy, Line, LoginRefused, type OpenPipe } from './line.ts';
import { OnlineSeat } from './seat.ts';

export interface SessionParts {
  readonly configuration: Configuration;
  readonly open: (server: string) => OpenPipe;
  readonly book: LeaseBook;
  readonly time: Time;
  readonly report: Report;
  readonly bugs: Bugs;
}

/** That a live-status can name. */
const MAX_LEASES_PER_MESSAGE = 512;

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
  /** Gets the new requests. */
  #current: Line;
  /** The servers that were given up on the way to the current one. */
  readonly #givenUp = new Set<Line>();
  /** The current server has still to be reached, whether or not a program runs. */
  #isSeeking = true;
  #isOffline = false;
  #isRefused = false;

  constructor(parts: SessionParts) {
    this.#parts = parts;
    const lineOf = ({ name }: { name: string }): Line =>
      new Line(name, parts.open(name), parts.time);
    const [assigned, ...others] = parts.configuration.servers;
    this.#assigned = lineOf(assigned);
    this.#lines = [this.#assigned, ...others.map(lineOf)];
    this.#current = this.#assigned;
  }

  /** Ends only with an error, such as the abort of the time. */
  async run(): Promise<void> {
    await Promise.all([...this.#lines.map((line) => this.#careFor(line)), this.#remindOfStatus()]);
  }

  take(program: string): Seat {
    const seat = new OnlineSeat(program);
    seat.wasAllowed = this.#isOffline;
    this.#seats.add(seat);
    this.#current.wake();
    return seat;
  }

  giveBack(seat: Seat): void {
    if (!(seat instanceof OnlineSeat)) return;
    this.#seats.delete(seat);
    this.#letGoOf(seat);
  }

  async #careFor(line: Line): Promise<void> {
    const { configuration, bugs } = this.#parts;
    const { retryDelayMs } = configuration;
    const attempts = bugs.has('hasty-switch') ? 1 : configuration.attempts;
    let failures = 0;
    for (;;) {
      while (!this.#hasWork(line)) {
        failures = 0;
        await line.woken();
      }
      const isAttempt = !line.isWell;
      if (isAttempt) {
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
        if (error instanceof LoginRefused) return this.#refused(line, error);
        this.#parts.report.event('pipe-failed', {
          server: line.server,
          why: error instanceof Error ? error.message : '',
        });
        // A connection that breaks is no attempt yet; a busy answer is one.
        if (!isAttempt && !(error instanceof Busy)) continue;
        failures = this.#isNeeded(line) ? failures + 1 : 0;
        if (failures < attempts) continue;
        failures = 0;
        this.#giveUp(line);
      }
    }
  }

  #hello(): ClientMessage {
    const { client, user, workstation, mode } = this.#parts.configuration;
    return { type: 'hello', client, user, workstation, build: 'reference', mode };
  }

  #hasWork(line: Line): boolean {
    if (this.#isRefused) return false;
    return (
      this.#isNeeded(line) ||
      (line === this.#assigned && this.#isAway && !this.#isSeeking) ||
      (line.isUp && line.statusDue) ||
      this.#parts.book.owedTo(line.server).length > 0
    );
  }

  /** Whether a failure here is a reason to go elsewhere. */
  #isNeeded(line: Line): boolean {
    if (this.#isOffline || this.#isRefused) return false;
    if (line === this.#current && (this.#isSeeking || this.#asking().length > 0)) return true;
    return !line.isUp && this.#heldAt(line).length > 0;
  }

  get #isAway(): boolean {
    return this.#isOffline || this.#current !== this.#assigned;
  }

  /** Does all that has to be done at a server that is connected. Rejects when one answer fails to come. */
  async #serve(line: Line): Promise<void> {
    for (const lease of this.#parts.book.owedTo(line.server)) await this.#release(line, lease);
    if (line === this.#current && !this.#isOffline)
      for (const seat of this.#asking()) await this.#request(line, seat);
    if (line.statusDue) await this.#sayLive(line);
  }

  async #request(line: Line, seat: OnlineSeat): Promise<void> {
    const { report } = this.#parts;
    const { program } = seat;
    const about = { server: line.server, program };
    seat.isBeingAsked = true;
    const answer = await line
      .ask({ type: 'request-use', program, originalName: '', version: '' })
      .finally(() => (seat.isBeingAsked = false));
    if (answer.type === 'granted') {
      this.#granted(seat, { server: line.server, id: answer.lease });
      report.event('granted', about);
    } else if (answer.type === 'denied') {
      seat.state = 'denied';
      this.#letGoOf(seat);
      report.event('denied', { ...about, why: answer.why });
    } else throw new Error(`${answer.type} does not answer request-use`);
    // It was stopped while we asked.
    if (!this.#seats.has(seat)) this.#letGoOf(seat);
  }

  #granted(seat: OnlineSeat, lease: Lease): void {
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
    if (!seat.lease || seat.state !== 'held') return;
    this.#parts.book.forget(seat.lease);
    seat.lease = undefined;
    seat.state = 'asking';
    this.#current.wake();
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
    if (shared) return;
    this.#parts.book.owe(lease);
    this.#lines.find((line) => line.server === lease.server)?.wake();
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
      const next = this.#following(line).find((candidate) => !this.#givenUp.has(candidate));
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
    for (const seat of this.#asking()) seat.wasAllowed = true;
    this.#parts.report.event('offline');
  }

  /** SWM-7: a refused login is not tried again, there or elsewhere, until we are started again. */
  #refused(line: Line, { message }: LoginRefused): void {
    this.#isRefused = true;
    for (const each of this.#lines) each.leave();
    this.#parts.report.trouble(`${line.server} refuses our login: ${message}`);
    this.#parts.report.event('login-refused', { server: line.server });
  }

  async #remindOfStatus(): Promise<void> {
    const { time, configuration } = this.#parts;
    for (let dueMs = time.elapsedMs(); ;) {
      dueMs += configuration.liveStatusIntervalMs;
      await time.until(dueMs);
      for (const line of this.#lines) {
        line.statusDue = this.#heldAt(line).length > 0;
        line.wake();
      }
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
