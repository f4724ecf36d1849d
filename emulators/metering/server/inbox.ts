import { createHash } from 'node:crypto';
import type { UsageRecord } from './usage-record.ts';

export type Stored =
  /**
   * New, or the same log again. `known`: how many of its records came in an earlier log; `refused` and `later`: the ids of
   * those that were not stored, as the first answer to that log said it.
   */
  | ({ readonly kind: 'stored' | 'again'; readonly known: number } & Nacked)
  /** The name is taken by a log with other content. */
  | { readonly kind: 'conflict' }
  | { readonly kind: 'full' };

/** Ids of records that are not taken: for good, or not now. */
export interface Nacked {
  readonly refused: readonly string[];
  readonly later: readonly string[];
}

const ALL_TAKEN: Nacked = { refused: [], later: [] };

const MAX_LOGS = 100_000;
const MAX_RECORDS = 1_000_000;

/** The folder Inboxes\Offline of one server: which logs and which records it has. */
export class Inbox {
  readonly #logs = new Map<
    string,
    { readonly digest: string; readonly known: number; readonly nacked: Nacked }
  >();
  readonly #records = new Set<string>();

  /** Takes a log, but for the records that are not to be taken; or nothing of it. */
  store(
    log: string,
    bytes: Buffer,
    records: readonly UsageRecord[],
    nacked: Nacked = ALL_TAKEN,
  ): Stored {
    const digest = createHash('sha256').update(bytes).digest('base64');
    const before = this.#logs.get(log);
    if (before)
      return before.digest === digest
        ? { kind: 'again', known: before.known, ...before.nacked }
        : { kind: 'conflict' };

    const left = new Set([...nacked.refused, ...nacked.later]);
    const taken = records.filter(({ id }) => !left.has(id));
    const fresh = taken.filter(({ id }) => !this.#records.has(id));
    if (this.#logs.size >= MAX_LOGS || this.#records.size + fresh.length > MAX_RECORDS)
      return { kind: 'full' };
    for (const { id } of fresh) this.#records.add(id);
    const known = taken.length - fresh.length;
    this.#logs.set(log, { digest, known, nacked });
    return { kind: 'stored', known, ...nacked };
  }
}
