import type { Plan } from '../case/plan.ts';
import { fromMs } from '../clock/duration.ts';
import type { Profile } from '../client/profile.ts';
import { judge } from '../judge/judge.ts';
import type { Judgement, Rule } from '../judge/verdict.ts';
import type { Played } from './run-case.ts';

/** The verdict of a case that was played: the judge's, unless the run itself was broken off. */
export function conclude(
  plan: Plan,
  played: Played,
  profile: Profile,
  rules?: readonly Rule[],
): Judgement {
  if (played.unsupported !== undefined)
    return { ...blank(plan, played), verdict: 'unsupported', reason: played.unsupported };
  if (played.error !== undefined)
    return { ...blank(plan, played), verdict: 'error', reason: played.error };
  const judged = judge(plan, played.trace, {
    jitterNs: fromMs(played.worstLatenessMs),
    ...(rules && { rules }),
  });
  return withKnownFailures(plan, judged, profile);
}

/** Nothing that a rule says of a run that was broken off is a finding; what it accounts for is shown. */
function blank(plan: Plan, { trace }: Played): Judgement {
  return { ...judge(plan, trace), findings: [] };
}

/** A failure that the profile knows is told as such; one that passes must be taken off the list. */
function withKnownFailures(plan: Plan, judged: Judgement, { knownFailures }: Profile): Judgement {
  const known = knownFailures.find(
    (failure) =>
      failure.case === plan.id ||
      (failure.source !== undefined && plan.source.includes(failure.source)) ||
      (failure.rule !== undefined && plan.rules.includes(failure.rule)),
  );
  if (!known) return judged;
  if (judged.verdict === 'fail') return { ...judged, known: known.reason };
  // Only a case that is named must fail: of those that share a rule or a source some may pass.
  if (judged.verdict !== 'pass' || known.case === undefined) return judged;
  return {
    ...judged,
    verdict: 'error',
    reason: `a known failure passes (${known.reason}): take it off the list of the profile`,
  };
}
