import type { Position } from './plan.ts';

/** One thing that is wrong with a case file. */
export interface Problem {
  readonly position: Position;
  readonly what: string;
  /** What would be right, or what is known there. */
  readonly right: string;
}

const MAX_SHOWN = 100;
const MAX_QUOTED = 60;

/** Everything that is wrong with one case file; the message has one line a problem. */
export class CaseError extends Error {
  override name = 'CaseError';
  readonly problems: readonly Problem[];

  constructor(problems: readonly Problem[]) {
    const lines = problems.slice(0, MAX_SHOWN).map(formatProblem);
    if (problems.length > MAX_SHOWN) lines.push(`and ${problems.length - MAX_SHOWN} more`);
    super(lines.join('\n'));
    this.problems = problems;
  }
}

/** `file:line:column: what — what would be right` */
export function formatProblem({ position, what, right }: Problem): string {
  return `${position.file}:${position.line}:${position.column}: ${what} — ${right}`;
}

/** Leaves the reading of one line at its first problem. Never leaves `harness/case`: `collect` catches it. */
export class Refusal extends Error implements Problem {
  override name = 'Refusal';
  readonly position: Position;
  readonly what: string;
  readonly right: string;

  constructor(position: Position, what: string, right: string) {
    super(what);
    this.position = position;
    this.what = what;
    this.right = right;
  }
}

/** Runs `read`; a refusal is added to `problems`, and the result is then undefined. */
export function collect<T>(problems: Problem[], read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    const { position, what, right } = error;
    problems.push({ position, what, right });
    return undefined;
  }
}

/** Foreign text as a message shows it: quoted, escaped, and never long. */
export function quote(text: string): string {
  return JSON.stringify(text.length > MAX_QUOTED ? `${text.slice(0, MAX_QUOTED)}…` : text);
}
