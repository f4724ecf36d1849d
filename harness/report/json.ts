import type { RuleState, Verdict } from '../judge/verdict.ts';
import type { CaseResult, Reporter, Summary } from '../run/result.ts';

/** What the JSON reporter writes, as one document when the run is over. Times are milliseconds. */
export interface JsonReport {
  readonly summary: Summary;
  readonly cases: readonly {
    readonly id: string;
    readonly verdict: Verdict;
    /** Why this failure is expected; absent: it is not. */
    readonly known?: string;
    readonly source: readonly string[];
    readonly clientMs: number;
    readonly wallMs: number;
    readonly rules: readonly {
      readonly id: string;
      readonly version: number;
      readonly source: string;
      readonly verdict: RuleState;
      readonly why: string;
    }[];
    /** Path of the trace file. */
    readonly trace: string;
  }[];
}

export function jsonReporter(write: (text: string) => void): Reporter {
  return {
    begin(): void {},
    result(): void {},
    end(results: readonly CaseResult[], summary: Summary): void {
      write(`${JSON.stringify(toReport(results, summary), undefined, 2)}\n`);
    },
  };
}

function toReport(results: readonly CaseResult[], summary: Summary): JsonReport {
  return {
    summary,
    cases: results.map(({ plan, judgement, clientMs, wallMs, tracePath }) => ({
      id: plan.id,
      verdict: judgement.verdict,
      ...(judgement.known !== undefined && { known: judgement.known }),
      source: plan.source,
      clientMs,
      wallMs,
      rules: judgement.rules.map(({ id, version, source, state, why }) => ({
        id,
        version,
        source,
        verdict: state,
        why,
      })),
      trace: tracePath,
    })),
  };
}
