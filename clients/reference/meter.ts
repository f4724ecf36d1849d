import { randomUUID } from 'node:crypto';
import { NO_BUGS, type Bugs } from './bugs.ts';
import type { Configuration } from './configuration.ts';
import type { ForbiddenPrograms } from './forbidden-programs.ts';
import type { Spool } from './spool.ts';
import type { Time } from './time.ts';

/** One run of one program, as it travels. `start` and `stop` are UTC, ISO 8601 with milliseconds. */
export interface UsageRecord {
  readonly id: string;
  readonly client: string;
  readonly user: string;
  readonly workstation: string;
  readonly program: string;
  readonly originalName: string;
  readonly version: string;
  readonly start: string;
  readonly stop: string;
}

/** Permission to run a program, asked for and held while it runs. */
export interface Seat {
  /** Since when the program runs, where that is not since its start: it was denied first, and called back. */
  readonly grantedAt?: { readonly wallMs: number; readonly elapsedMs: number };
  /** False: the run was denied, so there is no usage to record. */
  readonly isMetered: boolean;
}

/** Where permissions come from. Neither call waits for the network. */
export interface Seats {
  take(program: string, about: About): Seat;
  giveBack(seat: Seat): void;
}

export interface Records extends Pick<Spool, 'append'> {
  /** A run has begun that will be a record; only a bug looks at the disk so soon. */
  expect?(): void;
}

/** From the version information of a program; empty where it is not known. */
export interface About {
  readonly originalName: string;
  readonly version: string;
}

export const NOTHING_KNOWN: About = { originalName: '', version: '' };
const DENIED: Seat = { isMetered: false };

interface Run extends About {
  readonly program: string;
  readonly seat: Seat | undefined;
  readonly startWallMs: number;
  readonly startElapsedMs: number;
}

/** Turns runs of programs into usage records: one run, one record (Q210366). */
export class Meter {
  readonly #configuration: Configuration;
  readonly #spool: Records;
  readonly #time: Time;
  readonly #seats: Seats | undefined;
  readonly #bugs: Bugs;
  readonly #forbidden: Pick<ForbiddenPrograms, 'has'> | undefined;
  /** In the order of their starts. */
  readonly #runs: Run[] = [];
  /** By program; only a bug looks at it. */
  readonly #firstStartMs = new Map<string, number>();

  /** Without `seats` (offline mode) nobody is asked. */
  constructor(
    configuration: Configuration,
    spool: Records,
    time: Time,
    seats?: Seats,
    bugs: Bugs = NO_BUGS,
    forbidden?: Pick<ForbiddenPrograms, 'has'>,
  ) {
    this.#forbidden = forbidden;
    this.#configuration = configuration;
    this.#spool = spool;
    this.#time = time;
    this.#seats = seats;
    this.#bugs = bugs;
  }

  start(program: string, about: About = NOTHING_KNOWN): void {
    if (this.#bugs.has('hostile-version') && about.version.length > 255)
      queueMicrotask(() => {
        throw new RangeError('the version does not fit its buffer');
      });
    this.#spool.expect?.();
    const isForbidden = this.#forbidden?.has(program, about.originalName) ?? false;
    this.#runs.push({
      program,
      ...about,
      // Nobody has to be asked (Q244906). It is not given back, for it was not taken.
      seat:
        isForbidden && !(this.#seats && this.#bugs.has('forbidden-asks-the-server'))
          ? DENIED
          : this.#seats?.take(program, about),
      startWallMs: this.#time.wallMs(),
      startElapsedMs: this.#time.elapsedMs(),
    });
    if (this.#bugs.has('two-records-per-run')) this.#spool.append(this.#record(this.#runs.at(-1)!));
  }

  /** What the bug split-run does at each poll: what has run so far is a record of its own. */
  split(): void {
    for (const [index, run] of this.#runs.entries()) {
      this.#spool.append(this.#record(run));
      this.#runs[index] = {
        ...run,
        startWallMs: this.#time.wallMs(),
        startElapsedMs: this.#time.elapsedMs(),
      };
    }
  }

  /** Ends the oldest run of that program. When it returns, the record is durable; it throws where there is none to make. */
  stop(program: string): void {
    const index = this.#runs.findIndex((candidate) => candidate.program === program);
    const run = this.#runs[index];
    if (!run) throw new Error(`${program} does not run`);
    this.#runs.splice(index, 1);
    if (run.seat && run.seat !== DENIED) this.#seats?.giveBack(run.seat);
    if (run.seat?.isMetered ?? true) this.#spool.append(this.#record(run));
  }

  #record(run: Run): UsageRecord {
    const { client, user, workstation } = this.#configuration;
    // Not the wall clock of the stop: it may have been set since the start.
    const startElapsedMs = run.seat?.grantedAt?.elapsedMs ?? run.startElapsedMs;
    const startWallMs = run.seat?.grantedAt?.wallMs ?? run.startWallMs;
    const durationMs = Math.round(this.#time.elapsedMs() - startElapsedMs);
    const firstMs = this.#firstStartMs.get(run.program) ?? startWallMs;
    this.#firstStartMs.set(run.program, firstMs);
    const fromMs = this.#bugs.has('start-of-the-first-run') ? firstMs : startWallMs;
    return {
      id: randomUUID(),
      client,
      user,
      workstation,
      program: run.program,
      originalName: run.originalName,
      version: run.version,
      start: new Date(fromMs).toISOString(),
      stop: new Date(startWallMs + durationMs).toISOString(),
    };
  }
}
