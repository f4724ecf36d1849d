import type { Bugs } from './bugs.ts';
import type { UsageRecord } from './meter.ts';
import type { Report } from './report.ts';
import type { Spool } from './spool.ts';
import { Stopped, type Time } from './time.ts';

/** How soon a file that could not be written is tried again: within 60 s of its return (Q213196), with time to spare. */
const AGAIN_MS = 30_000;
/** How soon the bug disk-suspend looks again. */
const LOOK_MS = 60_000;

/** Keeps in memory what cannot be written (Q290995), says so, and writes it once that is possible again. */
export class PatientSpool {
  readonly #spool: Pick<Spool, 'append'>;
  readonly #time: Time;
  readonly #report: Report;
  readonly #bugs: Bugs;
  /** Oldest first. */
  readonly #unwritten: UsageRecord[] = [];
  /** Only a bug sets it. */
  #suspendedUntilMs = 0;

  constructor(spool: Pick<Spool, 'append'>, time: Time, report: Report, bugs: Bugs) {
    this.#spool = spool;
    this.#time = time;
    this.#report = report;
    this.#bugs = bugs;
  }

  /** Returns when the record is durable; throws when it is only kept in memory. */
  append(record: UsageRecord): void {
    if (this.#time.elapsedMs() < this.#suspendedUntilMs) return;
    const isWaiting = this.#unwritten.length > 0;
    this.#unwritten.push(record);
    const why = this.#write();
    if (why === undefined) return;
    if (this.#bugs.has('disk-suspend')) this.#suspendedUntilMs = this.#time.elapsedMs() + LOOK_MS;
    if (this.#bugs.has('disk-suspend') || this.#bugs.has('spool-unwritable')) {
      this.#unwritten.length = 0;
      return;
    }
    if (!isWaiting) {
      this.#report.trouble(`usage cannot be written and is kept in memory: ${why}`);
      this.#report.event('spool-unwritable');
      void this.#tryAgain();
    }
    throw new Error(`not durable yet: ${why}`);
  }

  /** What the bug disk-suspend does while the disk is full: it meters nothing, and looks again once a minute. */
  async suspendWhile(isFull: () => boolean): Promise<void> {
    while (isFull()) {
      const lookAgainMs = this.#time.elapsedMs() + LOOK_MS;
      this.#suspendedUntilMs = lookAgainMs + 1;
      await this.#time.until(lookAgainMs);
    }
  }

  async #tryAgain(): Promise<void> {
    try {
      do await this.#time.until(this.#time.elapsedMs() + AGAIN_MS);
      while (this.#write() !== undefined);
      this.#report.event('spool-writable');
    } catch (error) {
      if (!(error instanceof Stopped)) throw error;
    }
  }

  /** Says why something is left. */
  #write(): string | undefined {
    try {
      for (let next = this.#unwritten[0]; next; next = this.#unwritten[0]) {
        this.#spool.append(next);
        this.#unwritten.shift();
      }
      return undefined;
    } catch (error) {
      return error instanceof Error ? error.message : String(error);
    }
  }
}
