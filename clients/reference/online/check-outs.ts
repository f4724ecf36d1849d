import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Bugs } from '../bugs.ts';
import { replaceDurably } from '../durable.ts';
import type { Report } from '../report.ts';
import type { Time } from '../time.ts';
import type { Lease } from './lease-book.ts';

/** A licence that was checked out: the program runs on it without a question until its time is over. */
export interface CheckOut extends Lease {
  readonly program: string;
  /** By the wall clock: it must hold over a restart. */
  readonly untilWallMs: number;
  /** The user has given it back, its server is to be told. */
  readonly isReturned: boolean;
}

/** The checked-out licences, on disk: they survive a restart of the computer (Q231257). */
export class CheckOuts {
  readonly #path: string;
  readonly #time: Time;
  readonly #report: Report;
  #entries: readonly CheckOut[];

  constructor(dataFolder: string, time: Time, report: Report, bugs: Bugs) {
    this.#path = join(dataFolder, 'check-outs.json');
    this.#time = time;
    this.#report = report;
    this.#entries = this.#load();
    if (bugs.has('checkout-forgotten'))
      this.#entries = this.#entries.map((entry) => ({ ...entry, isReturned: true }));
  }

  add(lease: Lease, program: string, durationMs: number): void {
    const untilWallMs = this.#time.wallMs() + durationMs;
    const { server, id } = lease;
    this.#keep([
      ...this.#entries.filter((entry) => !isSame(entry, lease)),
      { server, id, program, untilWallMs, isReturned: false },
    ]);
  }

  /** The licence on which that program may run now. */
  find(program: string): CheckOut | undefined {
    return this.#valid().find(
      (entry) => !entry.isReturned && entry.program.toLowerCase() === program.toLowerCase(),
    );
  }

  has(lease: Lease): boolean {
    return this.#valid().some((entry) => isSame(entry, lease));
  }

  giveBack(lease: Lease): void {
    this.#keep(
      this.#entries.map((entry) => (isSame(entry, lease) ? { ...entry, isReturned: true } : entry)),
    );
  }

  forget(lease: Lease): void {
    this.#keep(this.#entries.filter((entry) => !isSame(entry, lease)));
  }

  /** Given back, and not yet told. What has expired its server has checked in by itself. */
  returnedTo(server: string): readonly CheckOut[] {
    return this.#valid().filter((entry) => entry.isReturned && entry.server === server);
  }

  #valid(): readonly CheckOut[] {
    return this.#entries.filter(({ untilWallMs }) => untilWallMs > this.#time.wallMs());
  }

  #keep(entries: readonly CheckOut[]): void {
    this.#entries = entries;
    try {
      replaceDurably(this.#path, JSON.stringify(this.#valid()));
    } catch (error) {
      this.#report.trouble(`cannot write ${this.#path}: ${String(error)}`);
    }
  }

  #load(): readonly CheckOut[] {
    if (!existsSync(this.#path)) return [];
    try {
      const entries: unknown = JSON.parse(readFileSync(this.#path, 'utf8'));
      return Array.isArray(entries) ? entries.filter(isCheckOut) : [];
    } catch (error) {
      this.#report.trouble(`cannot read ${this.#path}: ${String(error)}`);
      return [];
    }
  }
}

function isSame(a: Lease, b: Lease): boolean {
  return a.server === b.server && a.id === b.id;
}

function isCheckOut(value: unknown): value is CheckOut {
  if (typeof value !== 'object' || value === null) return false;
  const { server, id, program, untilWallMs, isReturned } = value as Record<string, unknown>;
  return (
    [server, id, program].every((text) => typeof text === 'string') &&
    typeof untilWallMs === 'number' &&
    typeof isReturned === 'boolean'
  );
}
