// A plan is a case file, read and checked: pure data that the runner plays and the judge judges.
import type { Nanos } from '../clock/clock.ts';
import type { LibraryCommand } from './commands.ts';
import type { FieldValue } from '../trace/event.ts';

/** Where something stands in a file; line and column count from 1. */
export interface Position {
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

export interface Plan {
  /** Path below the suites folder without extension: `offline/primary-refuses`. */
  readonly id: string;
  /** Name of the suite: the first folder of the id. */
  readonly suite: string;
  readonly file: string;
  readonly title: string;
  /** `PRIMARY-FIXATION`, where the case stands for a failure pattern. */
  readonly pattern?: string;
  /** Articles and clauses, such as `Q235786`. At least one. */
  readonly source: readonly string[];
  /** Ids of the rules that the case exercises, besides the always-on ones. */
  readonly rules: readonly string[];
  readonly dialect: string;
  /** The case itself says so; else it is played with servers of any dialect that has what it needs. */
  readonly dialectIsNamed?: true;
  /** Why the servers of the client under test, which speak another dialect, are none for this case. */
  readonly misfit?: string;
  readonly servers: readonly string[];
  readonly clients: readonly ClientPlan[];
  readonly seats: Readonly<Record<string, number>>;
  readonly forbidden: readonly string[];
  /** Half-width of a window given as a bare time. */
  readonly toleranceNs: Nanos;
  /** Steps in the order of the file; the last is `end`. */
  readonly play: readonly Step[];
  readonly expect: readonly ExpectItem[];
  readonly never: readonly NeverLine[];
  readonly ledger?: LedgerClaim;
  /** Bugs of the reference client that this case must catch; `a+b`: two that break it only together. */
  readonly catches: readonly string[];
  /** How often the timed-out poll of the server runs out, ns; default 120 minutes. */
  readonly timedOutAfterNs: Nanos;
  /** How long a freed seat is kept for a client that was called back; absent: the dialect's default. */
  readonly callbackGraceNs?: Nanos;
  /** How many made-up names the list of excluded programs has. */
  readonly excludedPrograms?: number;
  /** The dialect only passes bytes on: there are no semantic events to judge by. */
  readonly opaque?: true;
  /** No usage records travel in the dialect: nothing is owed. */
  readonly withoutRecords?: true;
  /** What the profile of the client states of its ways; absent: those of the dialect, or, of an opaque client, nothing. */
  readonly policy?: StatedPolicy;
}

/** Attempts, delays and time-outs are those of the `ClientPlan`; this is what that has no room for. */
export interface StatedPolicy {
  /** `listed`: one after the other, from the first or from the last good one on; `any`: as it likes. */
  readonly order: 'listed' | 'any';
  /** Connection attempts on one server in a minute that are not yet a storm; absent: what RT-4 takes for one. */
  readonly attemptsPerMinute?: number;
  /** What one usage record stands for; absent: a run. */
  readonly records?: 'per-run' | 'per-interval' | 'counter';
  readonly phases?: Readonly<Partial<Record<PhaseName, StatedPhase>>>;
}

export type PhaseName = 'acquire' | 'renew' | 'upload' | 'probe';

/** What a client does in one phase, in place of the ways of its dialect (`harness/judge/policy.ts` says what each means). */
export interface StatedPhase {
  readonly order?: 'listed' | 'any';
  readonly attempts?: number;
  readonly gapNs?: Nanos;
  readonly jitter?: number;
  readonly connectNs?: Nanos;
  readonly handshakeNs?: Nanos;
  readonly answerNs?: Nanos;
  readonly idleNs?: Nanos;
  readonly sticky?: boolean;
  readonly failback?: 'never' | 'at-next-acquire' | 'after-probes';
  readonly probes?: number;
  readonly provedAfterNs?: Nanos;
  readonly everyNs?: Nanos;
}

export interface ClientPlan {
  readonly name: string;
  readonly mode: 'online' | 'offline';
  readonly attempts: number;
  readonly retryDelayNs: Nanos;
  readonly pollingIntervalNs: Nanos;
  readonly liveStatusIntervalNs: Nanos;
  readonly connectTimeoutNs: Nanos;
  readonly answerTimeoutNs: Nanos;
  /** By how much of itself the delay before a retry is made longer by chance, 0 to 1; absent: a fixed pace. */
  readonly retryJitter?: number;
  /** How many records it may keep; absent: as many as there are. */
  readonly spoolRecords?: number;
}

/** When a step is taken: at a case time, after the step before it, or at an event. */
export type StepTime =
  | { readonly kind: 'at'; readonly at: Nanos }
  | { readonly kind: 'after'; readonly delay: Nanos }
  | {
      readonly kind: 'on';
      readonly event: EventPattern;
      /** The nth event that matches, from 1, counted from the step before. */
      readonly nth: number;
      readonly delay: Nanos;
    };

export interface Step {
  readonly time: StepTime;
  readonly action: Action;
  readonly position: Position;
  /** The line as it was written, without surrounding blanks. */
  readonly text: string;
}

export type Action =
  | { readonly kind: 'start' | 'kill'; readonly client: string }
  | {
      readonly kind: 'run';
      readonly client: string;
      readonly program: string;
      readonly duration: Nanos;
      /** From the version information of the program, where the case says it. */
      readonly originalName?: string;
      readonly version?: string;
    }
  /** A licence for use away from the network, for that long. */
  | {
      readonly kind: 'check-out';
      readonly client: string;
      readonly program: string;
      readonly duration: Nanos;
    }
  | { readonly kind: 'check-in'; readonly client: string; readonly program: string }
  /** The file that takes new records cannot be written from now on, or can again, or ends in half a record. */
  | { readonly kind: 'disk'; readonly client: string; readonly state: 'full' | 'free' | 'torn' }
  | {
      readonly kind: 'command';
      readonly client: string;
      readonly name: LibraryCommand;
      readonly argument?: string;
    }
  /** Sets the client's wall clock forward (positive) or back. */
  | { readonly kind: 'clock'; readonly client: string; readonly by: Nanos }
  | {
      readonly kind: 'down';
      readonly server: string;
      /** Absent: every face that knows the fault. */
      readonly face?: string;
      readonly fault: FaultSpec;
      readonly newOnly: boolean;
      readonly until: FaultEnd;
      /** It is only told: what it does stands in the answers that are replayed. */
      readonly isTold?: true;
    }
  | { readonly kind: 'up'; readonly server: string; readonly face?: string }
  | { readonly kind: 'restart'; readonly server: string; readonly state: 'kept' | 'lost' }
  /** Sets the server's wall clock forward (positive) or back. */
  | { readonly kind: 'clock-skew'; readonly server: string; readonly by: Nanos }
  | {
      readonly kind: 'seats';
      readonly server: string;
      readonly program: string;
      readonly seats: number;
    }
  | { readonly kind: 'end' };

export interface FaultSpec {
  /** A wire fault (`faults.ts`), or an answer fault of the dialect. */
  readonly name: string;
  /** Named and positional arguments as text, by the names in the fault's description: `{ bytes: '20', with: 'rst' }`. */
  readonly args: Readonly<Record<string, string>>;
}

export type FaultEnd =
  | { readonly kind: 'up' }
  /** `every`: from one beginning to the next, longer than `duration`; absent: once. */
  | { readonly kind: 'for'; readonly duration: Nanos; readonly every?: Nanos }
  | { readonly kind: 'count'; readonly event: string; readonly count: number };

/** `alpha.share upload-offer record=$r from=ws1`; `*` as the server is any server. */
export interface EventPattern {
  readonly actor: string;
  readonly face?: string;
  readonly event: string;
  readonly fields: Readonly<Record<string, FieldMatch>>;
  readonly from?: string;
}

export type FieldMatch =
  | { readonly kind: 'is'; readonly value: FieldValue }
  | { readonly kind: 'any' }
  /** Binds at its first match, must be equal from then on. */
  | { readonly kind: 'variable'; readonly name: string };

export type Bound =
  | { readonly kind: 'time'; readonly at: Nanos }
  /** After the last match of the line before. */
  | { readonly kind: 'after-previous'; readonly delay: Nanos }
  | {
      readonly kind: 'anchor';
      readonly name: string;
      readonly which: 'first' | 'last';
      readonly delay: Nanos;
    };

export interface Window {
  /** Absent: from the match before. */
  readonly from?: Bound;
  /** Absent: until the end. */
  readonly to?: Bound;
}

export interface ExpectLine {
  readonly kind: 'line';
  readonly name?: string;
  readonly window: Window;
  readonly pattern: EventPattern;
  readonly min: number;
  /** Absent: no maximum. */
  readonly max?: number;
  readonly every?: { readonly gap: Nanos; readonly tolerance: Nanos };
  readonly position: Position;
  readonly text: string;
}

export type ExpectItem =
  | ExpectLine
  | {
      readonly kind: 'any-order';
      readonly lines: readonly ExpectLine[];
      readonly position: Position;
    };

export interface NeverLine {
  readonly window: Window;
  readonly pattern: EventPattern;
  /** Broken when this many events match. */
  readonly min: number;
  readonly position: Position;
  readonly text: string;
}

export interface LedgerClaim {
  readonly counts: Readonly<Partial<Record<LedgerColumn, number>>>;
  readonly position: Position;
  readonly text: string;
}

export type LedgerColumn =
  | 'delivered'
  | 'redelivered'
  | 'acknowledged-twice'
  | 'refused'
  | 'dropped'
  | 'may-be-lost'
  | 'lost';
