import type { Plan, Position } from '../case/plan.ts';
import type { Nanos } from '../clock/clock.ts';
import type { TraceEvent, TraceHeader } from '../trace/event.ts';
import type { Ledger } from './ledger.ts';

/** Five causes that are never mixed up; `error` is ours, `fail` is the client's. */
export type Verdict = 'pass' | 'fail' | 'unsupported' | 'inconclusive' | 'error';

/** One expected line, rule or claim that did not hold. */
export interface Finding {
  /** What broke: `expect`, `never`, `ledger`, `contract`, or the id of a rule. */
  readonly what: string;
  /** Where it is written: a line of the case file; absent for a rule. */
  readonly position?: Position;
  /** The line, or the rule's obligation, with its source. */
  readonly claim: string;
  /** Of a rule: its version, and the source of its obligation. */
  readonly version?: number;
  readonly source?: string;
  readonly expected: string;
  readonly actual: string;
  /** By how much it was missed, in words; absent where there is no measure. */
  readonly by?: string;
  /** How far the finding is from the other verdict; what jitter may explain. Absent: no time is involved. */
  readonly marginNs?: Nanos;
  /** The time limit counts from a time of the case: who started late is late by as much. */
  readonly sinceStart?: boolean;
  /** Index into the trace of the event that shows it, or of the last one that still matched. */
  readonly index?: number;
  /** For expected lines: what matched before, and what would have been legal next. */
  readonly matched?: readonly string[];
  readonly legalNext?: readonly string[];
}

export type RuleState = 'kept' | 'broken' | 'could-not-tell';

export interface RuleVerdict {
  readonly id: string;
  readonly version: number;
  /** Of the obligation. */
  readonly source: string;
  readonly state: RuleState;
  /** Why, in a sentence; for `could-not-tell` what was missing. */
  readonly why: string;
  /** For `could-not-tell`: what would have to be there to tell. `observer`: of attempts that no listener sees. */
  readonly missing?: 'observer';
  readonly finding?: Finding;
}

/** What the judge says of one case. */
export interface Judgement {
  readonly verdict: Verdict;
  /** Why, when the verdict is not `pass`: one line. */
  readonly reason?: string;
  /** Why this failure is expected, from the known failures of the profile. */
  readonly known?: string;
  readonly findings: readonly Finding[];
  readonly rules: readonly RuleVerdict[];
  readonly ledger: Ledger;
}

/** A rule sees semantic and transport events only; no rule knows a dialect. */
export interface RuleInput {
  readonly plan: Plan;
  readonly header: TraceHeader;
  readonly events: readonly TraceEvent[];
  readonly ledger: Ledger;
  /** False: attempts that no listener sees were not recorded. */
  readonly seesAttempts: boolean;
}

export interface Rule {
  readonly id: string;
  readonly version: number;
  /** The obligation in one sentence that starts with "the client". */
  readonly obligation: string;
  readonly source: string;
  /** Checked on every trace, not only where a case names it. */
  readonly always: boolean;
  /** What a trace must show so that it can be told, for `docs/rules.md`; of a rule of one's own it may be absent. */
  readonly needs?: string;
  check(input: RuleInput): Omit<RuleVerdict, 'id' | 'version' | 'source'>;
}
