import type { RuleState, Verdict } from '../judge/verdict.ts';
import type { CaseResult, Reporter, RunInfo, Summary } from '../run/result.ts';

/** What the JSON reporter writes, as one document when the run is over. Times are milliseconds. */
export interface JsonReport {
  readonly summary: Summary;
  /** What makes the run come out the same again, and why it had this mode of time. */
  readonly run: Pick<RunInfo, 'client' | 'time' | 'timeWhy' | 'seed' | 'epoch' | 'leavesOpen'>;
  readonly cases: readonly {
    readonly id: string;
    readonly verdict: Verdict;
    /** Why, where it is not `pass`. */
    readonly reason?: string;
    /** What the trace cannot show, a line each; absent: nothing. */
    readonly notes?: readonly string[];
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
    /** Date of the beginning of the case. */
    readonly epoch: string;
    /** The command that runs this one case again. */
    readonly again: string;
  }[];
}

export function jsonReporter(write: (text: string) => void): Reporter {
  let run: JsonReport['run'] | undefined;
  return {
    begin({ client, time, timeWhy, seed, epoch, leavesOpen }: RunInfo): void {
      run = { client, time, timeWhy, seed, epoch, ...(leavesOpen !== undefined && { leavesOpen }) };
    },
    result(): void {},
    end(results: readonly CaseResult[], summary: Summary): void {
      write(`${JSON.stringify(toReport(results, summary, run!), undefined, 2)}\n`);
    },
  };
}

function toReport(
  results: readonly CaseResult[],
  summary: Summary,
  run: JsonReport['run'],
): JsonReport {
  return {
    summary,
    run,
    cases: results.map(({ plan, judgement, notes, clientMs, wallMs, tracePath, trace, again }) => ({
      id: plan.id,
      verdict: judgement.verdict,
      ...(judgement.reason !== undefined && { reason: judgement.reason }),
      ...(notes && { notes }),
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
      epoch: trace.header.epoch,
      again,
    })),
  };
}
