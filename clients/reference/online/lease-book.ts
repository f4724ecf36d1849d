import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { replaceDurably } from '../durable.ts';
import { NO_BUGS, type Bugs } from '../bugs.ts';
import type { Report } from '../report.ts';

/** A licence that one server granted. */
export interface Lease {
  readonly server: string;
  readonly id: string;
}

/** Held: a program runs on it. Owed: nobody needs it any more, its server is to be told. */
type State = 'held' | 'owed';
type Entry = Lease & { readonly state: State };

/**
 * Every lease that a server may still count as ours, on disk: one that was held when we were killed is owed
 * after the restart, and a release that cannot be delivered is not forgotten.
 */
export class LeaseBook {
  readonly #path: string;
  readonly #report: Report;
  readonly #entries = new Map<string, Entry>();

  constructor(dataFolder: string, report: Report, bugs: Bugs = NO_BUGS) {
    this.#path = join(dataFolder, 'leases.json');
    this.#report = report;
    if (bugs.has('leases-forgotten-at-start')) return;
    for (const { server, id } of this.#load()) this.#set({ server, id }, 'owed');
  }

  hold(lease: Lease): void {
    this.#change(lease, 'held');
  }

  owe(lease: Lease): void {
    this.#change(lease, 'owed');
  }

  /** The server has been told, or does not know it any more. */
  forget(lease: Lease): void {
    if (this.#entries.delete(key(lease))) this.#save();
  }

  /** Oldest first. */
  owedTo(server: string): Lease[] {
    return [...this.#entries.values()].filter(
      (entry) => entry.server === server && entry.state === 'owed',
    );
  }

  #change(lease: Lease, state: State): void {
    if (this.#entries.get(key(lease))?.state === state) return;
    this.#set(lease, state);
    this.#save();
  }

  #set({ server, id }: Lease, state: State): void {
    this.#entries.set(key({ server, id }), { server, id, state });
  }

  #load(): Entry[] {
    if (!existsSync(this.#path)) return [];
    try {
      const entries: unknown = JSON.parse(readFileSync(this.#path, 'utf8'));
      return Array.isArray(entries) ? entries.filter(isEntry) : [];
    } catch (error) {
      this.#report.trouble(`cannot read ${this.#path}: ${String(error)}`);
      return [];
    }
  }

  #save(): void {
    try {
      replaceDurably(this.#path, JSON.stringify([...this.#entries.values()]));
    } catch (error) {
      // A seat is worth less than metering: the server takes it back by itself when we say nothing.
      this.#report.trouble(`cannot write ${this.#path}: ${String(error)}`);
    }
  }
}

function isEntry(value: unknown): value is Entry {
  return (
    typeof value === 'object' &&
    value !== null &&
    'server' in value &&
    typeof value.server === 'string' &&
    'id' in value &&
    typeof value.id === 'string'
  );
}

function key({ server, id }: Lease): string {
  return `${server}/${id}`;
}
