// What the demonstration says: pure functions of the results of two clients.
import type { Plan } from '../case/plan.ts';
import type { Judgement, Rule, Verdict } from '../judge/verdict.ts';
import { isCaught } from '../run/kill-matrix.ts';
import type { CaseResult } from '../run/result.ts';

/** One case, played against the reference client and against the field build. */
export interface Pair {
  readonly plan: Plan;
  readonly reference: Verdict;
  readonly field: Verdict;
  /** The verdict that the field build should get: `fail` where the case catches one of its bugs. */
  readonly expected: 'pass' | 'fail';
  /** What the field build broke in it: ids of rules, `expect`, `never`, `ledger`, `contract`. */
  readonly broke: readonly string[];
}

/** A rule that the field build broke and the reference client did not. */
export interface BrokenRule {
  readonly id: string;
  readonly obligation: string;
  readonly source: string;
  /** Ids of the cases that showed it. */
  readonly cases: readonly string[];
}

/** A case that was not played to its end counts as `error`. */
export function pairUp(
  plans: readonly Plan[],
  reference: readonly CaseResult[],
  field: readonly CaseResult[],
  bugs: readonly string[],
): readonly Pair[] {
  const judgementIn = (results: readonly CaseResult[], id: string): Judgement | undefined =>
    results.find((result) => result.plan.id === id)?.judgement;
  return plans.map((plan) => ({
    plan,
    reference: judgementIn(reference, plan.id)?.verdict ?? 'error',
    field: judgementIn(field, plan.id)?.verdict ?? 'error',
    expected: isCaught(plan, bugs) ? 'fail' : 'pass',
    broke: [...new Set(judgementIn(field, plan.id)?.findings.map(({ what }) => what))],
  }));
}

/** True when the reference client passed, and the field build failed where it should and only there. */
export function isAsExpected({ reference, field, expected }: Pair): boolean {
  return reference === 'pass' && field === expected;
}

/** 0: all as expected, and the field build did fail something. 1: a wrong pass or fail. 2: something could not be told. */
export function demoStatus(pairs: readonly Pair[]): 0 | 1 | 2 {
  const verdicts = pairs.flatMap(({ reference, field }) => [reference, field]);
  if (verdicts.some((verdict) => verdict !== 'pass' && verdict !== 'fail')) return 2;
  if (!pairs.some(({ expected }) => expected === 'fail')) return 2;
  return pairs.every(isAsExpected) ? 0 : 1;
}

/** In the order of the rules. */
export function brokenRules(
  results: readonly CaseResult[],
  rules: readonly Rule[],
): readonly BrokenRule[] {
  return rules.flatMap(({ id, obligation, source }) => {
    const cases = results
      .filter(({ judgement }) => judgement.verdict === 'fail')
      .filter(({ judgement }) =>
        judgement.rules.some((rule) => rule.id === id && rule.state === 'broken'),
      )
      .map(({ plan }) => plan.id);
    return cases.length > 0 ? [{ id, obligation, source, cases }] : [];
  });
}

/** The failed case that is read most easily: of the article that started it all, with one source, and short. */
export function mostTelling(results: readonly CaseResult[]): CaseResult | undefined {
  const weight = ({ plan, judgement }: CaseResult): number =>
    (plan.source.includes('Q235786') ? 8 : 0) +
    (plan.pattern === undefined ? 0 : 4) +
    (judgement.rules.some(({ state }) => state === 'broken') ? 2 : 0) +
    (plan.source.length === 1 ? 1 : 0);
  return results
    .filter(({ judgement }) => judgement.verdict === 'fail')
    .toSorted((a, b) => weight(b) - weight(a) || a.trace.events.length - b.trace.events.length)[0];
}

/** `3 d 4 h`: the two largest units. */
export function clientTime(results: readonly CaseResult[]): string {
  const hours = results.reduce((sum, { clientMs }) => sum + clientMs, 0) / 3_600_000;
  return hours >= 48
    ? `${Math.floor(hours / 24)} d ${Math.floor(hours % 24)} h`
    : `${hours.toFixed(1)} h`;
}
