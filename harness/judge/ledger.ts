// The account of every usage record; filled in by the judge from the trace alone.

/** One run of a program that a client was told to stop, and what became of its record. */
export interface LedgerEntry {
  readonly client: string;
  readonly program: string;
  /** The nth run of that program by that client, from 1. */
  readonly run: number;
  /** True once the client said `ok` to the stop command. */
  readonly owed: boolean;
  readonly record?: string;
  readonly state: 'delivered' | 'may-be-lost' | 'dropped' | 'lost';
  readonly deliveries: number;
  readonly acknowledgedTwice: boolean;
}

export interface Ledger {
  readonly entries: readonly LedgerEntry[];
  readonly delivered: number;
  readonly redelivered: number;
  readonly acknowledgedTwice: number;
  readonly dropped: number;
  readonly mayBeLost: number;
  readonly lost: number;
  /** Record ids that no run explains. */
  readonly unexplained: readonly string[];
}
