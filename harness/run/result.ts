import type { Plan } from '../case/plan.ts';
import type { Judgement } from '../judge/verdict.ts';
import type { Trace } from '../trace/event.ts';

/** What came of one case. */
export interface CaseResult {
  readonly plan: Plan;
  readonly trace: Trace;
  readonly judgement: Judgement;
  /** Case time that passed, milliseconds. */
  readonly clientMs: number;
  /** Real time that it took, milliseconds. Shown, never part of a trace. */
  readonly wallMs: number;
  /** Where the trace was written; relative to the working directory. */
  readonly tracePath: string;
  /** The last lines that the client wrote to stderr. */
  readonly stderrTail: readonly string[];
  /** Steps that hooks did not do, servers that stayed mute behind their relay; of a case that did not pass: also what the trace cannot show. */
  readonly notes?: readonly string[];
  /** It was played so often, and each time with the same trace. */
  readonly repeats?: number;
  /** The same but for what stands inside TLS. */
  readonly differsInTls?: true;
  /** The command that runs this one case again. */
  readonly again: string;
}

export interface Summary {
  readonly pass: number;
  readonly fail: number;
  readonly unsupported: number;
  readonly inconclusive: number;
  readonly error: number;
  /** Failures that the profile knows, with a reason; not counted under `fail`. */
  readonly known: number;
  /** What is wrong with the profile in the light of a whole run, a line each; absent: nothing. */
  readonly problems?: readonly string[];
}

type Judged = Pick<CaseResult, 'judgement'>;

export function summarize(results: readonly Judged[], problems: readonly string[] = []): Summary {
  const summary = { pass: 0, fail: 0, unsupported: 0, inconclusive: 0, error: 0, known: 0 };
  for (const { judgement } of results)
    summary[judgement.known === undefined ? judgement.verdict : 'known']++;
  return { ...summary, ...(problems.length > 0 && { problems }) };
}

/** True for a case that came out as it should. */
export function isFine({ judgement }: Judged): boolean {
  return judgement.verdict === 'pass' || judgement.known !== undefined;
}

/** 0: all passed. 1: some failed. 2: could not tell, our error, or nothing was judged. */
export function exitStatus(summary: Summary): 0 | 1 | 2 {
  if (summary.fail > 0) return 1;
  if (summary.inconclusive > 0 || summary.error > 0 || summary.problems) return 2;
  return summary.pass + summary.known > 0 ? 0 : 2;
}

/** What the reporters are told while a run goes on. */
export interface RunInfo {
  /** As the user named the client: `reference:rtm`, a profile path, or a command. */
  readonly client: string;
  readonly time: string;
  /** Why this mode of time: `auto: not virtual: …`. */
  readonly timeWhy: string;
  readonly seed: number;
  /** At which each case begins; in real and scaled time, at which the run began. */
  readonly epoch: string;
  readonly total: number;
  readonly workers: number;
  /** What the protocol of the servers leaves open and the rules supply; absent: nothing. */
  readonly leavesOpen?: string;
}

export interface Reporter {
  begin(info: RunInfo): void;
  /** In the order of the cases, whichever ends first. */
  result(result: CaseResult, done: number): void;
  end(results: readonly CaseResult[], summary: Summary): void;
}
