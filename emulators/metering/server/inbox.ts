import { createHash } from 'node:crypto';
import type { UsageRecord } from './usage-record.ts';

export type Stored =
  /** New, or the same log again. `known`: how many of its records came in an earlier log. */
  | { readonly kind: 'stored' | 'again'; readonly known: number }
  /** The name is taken by a log with other content. */
  | { readonly kind: 'conflict' }
  | { readonly kind: 'full' };

export const MAX_LOGS = 100_000;
export const MAX_RECORDS = 1_000_000;

/** The folder Inboxes\Offline of one server: which logs and which records it has. */
export class Inbox {
  readonly #logs = new Map<string, { readonly digest: string; readonly known: number }>();
  readonly #records = new Set<string>();

  /** Takes a whole log, or nothing of it. */
  store(log: string, bytes: Buffer, records: readonly UsageRecord[]): Stored {
    const digest = createHash('sha256').update(bytes).digest('base64');
    const before = this.#logs.get(log);
    if (before)
      return before.digest === digest
        ? { kind: 'again', known: before.known }
        : { kind: 'conflict' };

    const fresh = records.filter(({ id }) => !this.#records.has(id));
    if (this.#logs.size >= MAX_LOGS || this.#records.size + fresh.length > MAX_RECORDS)
      return { kind: 'full' };
    for (const { id } of fresh) this.#records.add(id);
    const known = records.length - fresh.length;
    this.#logs.set(log, { digest, known });
    return { kind: 'stored', known };
  }
}
