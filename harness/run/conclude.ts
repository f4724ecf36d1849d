import type { Plan } from '../case/plan.ts';
import { HarnessError } from '../client/process.ts';
import type { Profile } from '../client/profile.ts';
import { judge } from '../judge/judge.ts';
import type { Judgement, Rule } from '../judge/verdict.ts';
import { withKnownFailures } from './known-failures.ts';
import type { Played } from './run-case.ts';

/** The verdict of a case that was played: the judge's, unless the run itself was broken off. */
export function conclude(
  plan: Plan,
  played: Played,
  profile: Profile,
  rules?: readonly Rule[],
): Judgement {
  if (played.unsupported !== undefined)
    return { ...blank(plan, played, rules), verdict: 'unsupported', reason: played.unsupported };
  if (played.error !== undefined)
    return { ...blank(plan, played, rules), verdict: 'error', reason: played.error };
  try {
    return withKnownFailures(plan, judged(plan, played, rules), profile);
  } catch (error) {
    // A rule of the user's; one of ours that throws is a mistake that nobody has foreseen.
    if (!(error instanceof HarnessError)) throw error;
    return { ...blank(plan, played, []), verdict: 'error', reason: error.message };
  }
}

function judged(plan: Plan, played: Played, rules: readonly Rule[] | undefined): Judgement {
  return judge(plan, played.trace, { ...(rules && { rules }) });
}

/** Nothing that a rule says of a run that was broken off is a finding; what it accounts for is shown. */
function blank(plan: Plan, { trace }: Played, rules?: readonly Rule[]): Judgement {
  try {
    return { ...judge(plan, trace, { ...(rules && { rules }) }), findings: [] };
  } catch (error) {
    if (!(error instanceof HarnessError)) throw error;
    return { ...judge(plan, trace, { rules: [] }), findings: [] };
  }
}
