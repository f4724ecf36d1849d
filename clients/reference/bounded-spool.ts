import { NO_BUGS, type Bugs } from './bugs.ts';
import type { UsageRecord } from './meter.ts';
import type { Report } from './report.ts';
import type { Spool } from './spool.ts';

/** Drops the newest record where as many wait as may, and counts it (RFC 6733, section 9.4). */
export class BoundedSpool {
  readonly #spool: Pick<Spool, 'append' | 'count' | 'dropMiddle'>;
  readonly #limit: number | undefined;
  readonly #report: Report;
  readonly #bugs: Bugs;
  /** Only a bug looks at it. */
  #hasDropped = false;

  /** Without a limit nothing is ever dropped. */
  constructor(
    spool: Pick<Spool, 'append' | 'count' | 'dropMiddle'>,
    limit: number | undefined,
    report: Report,
    bugs: Bugs = NO_BUGS,
  ) {
    this.#spool = spool;
    this.#limit = limit;
    this.#report = report;
    this.#bugs = bugs;
  }

  /** Returns when the record is durable or dropped, throws when it cannot be written. */
  append(record: UsageRecord): void {
    if (this.#limit === undefined || this.#spool.count() < this.#limit)
      return this.#spool.append(record);
    if (!this.#hasDropped || !this.#bugs.has('drops-counted-once'))
      this.#report.event('dropped', { count: 1 });
    this.#hasDropped = true;
    this.#report.trouble(`the spool has its ${this.#limit} records: the newest is dropped`);
    if (!this.#bugs.has('drops-the-middle')) return;
    this.#spool.dropMiddle();
    this.#spool.append(record);
  }
}
