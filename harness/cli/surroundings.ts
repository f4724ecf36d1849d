import type { CaseResult, Reporter } from '../run/result.ts';
import type { RunOptions } from '../run/run-suite.ts';
import type { Plan } from '../case/plan.ts';

export type RunSuite = (
  plans: readonly Plan[],
  options: RunOptions,
  reporter: Reporter,
) => Promise<readonly CaseResult[]>;

/** Every effect of the command line, so that a test can stand in for the machine. */
export interface Surroundings {
  /** To stdout. */
  readonly write: (text: string) => void;
  /** To stderr. */
  readonly writeError: (text: string) => void;
  /** stdout is a terminal: colour, and lines that are written over. */
  readonly isTerminal: boolean;
  /** Absolute. */
  readonly cwd: string;
  /** `PATH`. */
  readonly searchPath: string;
  readonly cpus: number;
  readonly now: Date;
  /** Aborted by Ctrl-C. */
  readonly signal: AbortSignal;
  /** Stacks are shown: `METERPROOF_DEBUG=1`. */
  readonly debug: boolean;
  readonly runSuite: RunSuite;
}

/** The user asked for something that cannot be done; the message says what can. */
export class UsageError extends Error {
  override name = 'UsageError';
}
