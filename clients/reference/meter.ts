import { randomUUID } from 'node:crypto';
import type { Configuration } from './configuration.ts';
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
  /** False: the run was denied, so there is no usage to record. */
  readonly isMetered: boolean;
}

/** Where permissions come from. Neither call waits for the network. */
export interface Seats {
  take(program: string): Seat;
  giveBack(seat: Seat): void;
}

interface Run {
  readonly program: string;
  readonly seat: Seat | undefined;
  readonly startWallMs: number;
  readonly startElapsedMs: number;
}

/** Turns runs of programs into usage records: one run, one record (Q210366). */
export class Meter {
  readonly #configuration: Configuration;
  readonly #spool: Pick<Spool, 'append'>;
  readonly #time: Time;
  readonly #seats: Seats | undefined;
  /** In the order of their starts. */
  readonly #runs: Run[] = [];

  /** Without `seats` (offline mode) nobody is asked. */
  constructor(
    configuration: Configuration,
    spool: Pick<Spool, 'append'>,
    time: Time,
    seats?: Seats,
  ) {
    this.#configuration = configuration;
    this.#spool = spool;
    this.#time = time;
    this.#seats = seats;
  }

  start(program: string): void {
    this.#runs.push({
      program,
      seat: this.#seats?.take(program),
      startWallMs: this.#time.wallMs(),
      startElapsedMs: this.#time.elapsedMs(),
    });
  }

  /** Ends the oldest run of that program. When it returns, the record is durable; it throws where there is none to make. */
  stop(program: string): void {
    const index = this.#runs.findIndex((candidate) => candidate.program === program);
    const run = this.#runs[index];
    if (!run) throw new Error(`${program} does not run`);
    if (run.seat?.isMetered ?? true) this.#spool.append(this.#record(run));
    this.#runs.splice(index, 1);
    if (run.seat) this.#seats?.giveBack(run.seat);
  }

  #record(run: Run): UsageRecord {
    const { client, user, workstation } = this.#configuration;
    // Not the wall clock of the stop: it may have been set since the start.
    const durationMs = Math.round(this.#time.elapsedMs() - run.startElapsedMs);
    return {
      id: randomUUID(),
      client,
      user,
      workstation,
      program: run.program,
      originalName: '',
      version: '',
      start: new Date(run.startWallMs).toISOString(),
      stop: new Date(run.startWallMs + durationMs).toISOString(),
    };
  }
}
