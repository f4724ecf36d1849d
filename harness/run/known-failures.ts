// Failures that a profile knows, each with a reason: told as such, and taken off the list once they pass.
import type { Plan } from '../case/plan.ts';
import type { KnownFailure, Profile } from '../client/profile.ts';
import type { Judgement } from '../judge/verdict.ts';
import type { CaseResult } from './result.ts';

/** The judgement with the reason why its failure is expected; a case that is named and passes is an error of the list. */
export function withKnownFailures(
  plan: Plan,
  judged: Judgement,
  { knownFailures }: Pick<Profile, 'knownFailures'>,
): Judgement {
  const known = knownFailures.find((failure) => isOf(failure, plan, judged));
  if (!known) return judged;
  if (judged.verdict === 'fail') return { ...judged, known: known.reason };
  // Only a case that is named must fail: of those that share a rule or a source some may pass.
  if (judged.verdict !== 'pass' || known.case === undefined) return judged;
  return {
    ...judged,
    verdict: 'error',
    reason: `a known failure passes (${known.reason}): take it off the list of the profile (${placeOf(known)})`,
  };
}

/**
 * What is wrong with the list of known failures after a run of all cases: a failure that matches no case, or no case that
 * fails. One line each, with file and line.
 */
export function staleKnownFailures(
  plans: readonly Plan[],
  { knownFailures }: Pick<Profile, 'knownFailures'>,
  results: readonly CaseResult[],
): readonly string[] {
  return knownFailures.flatMap((known) => {
    const matching = plans.filter((plan) => isOf(known, plan));
    const failing = results.filter(
      ({ plan, judgement }) => judgement.verdict === 'fail' && isOf(known, plan, judgement),
    );
    if (failing.length > 0) return [];
    const subject = `${placeOf(known)}: the known failure ${subjectOf(known)} (${known.reason})`;
    if (matching.length === 0) return [`${subject} matches no case: take it off the list`];
    // A case that is named and passes is an error of its own.
    if (known.case !== undefined) return [];
    return [`${subject} matches no case that fails, of ${matching.length}: take it off the list`];
  });
}

function isOf(
  failure: KnownFailure,
  { id, source, rules }: Plan,
  judged?: Pick<Judgement, 'findings'>,
): boolean {
  if (failure.case !== undefined) return failure.case === id;
  if (failure.source !== undefined) return source.includes(failure.source);
  const { rule } = failure;
  if (rule === undefined) return false;
  // Those that every case is judged by stand in no case.
  return rules.includes(rule) || judged?.findings.some(({ what }) => what === rule) === true;
}

function subjectOf({ case: id, rule, source }: KnownFailure): string {
  if (id !== undefined) return `of case ${id}`;
  return rule === undefined ? `of source ${source}` : `of rule ${rule}`;
}

function placeOf({ position: { file, line } }: KnownFailure): string {
  return `${file}:${line}`;
}
