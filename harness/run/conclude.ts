import type { Plan } from '../case/plan.ts';
import { fromMs } from '../clock/duration.ts';
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
  const judged = judge(plan, played.trace, {
    jitterNs: fromMs(played.worstLatenessMs),
    launchNs: fromMs(played.longestLaunchMs ?? 0),
    ...(rules && { rules }),
  });
  return withKnownFailures(plan, judged, profile);
}

/** Nothing that a rule says of a run that was broken off is a finding; what it accounts for is shown. */
function blank(plan: Plan, { trace }: Played, rules?: readonly Rule[]): Judgement {
  return { ...judge(plan, trace, { ...(rules && { rules }) }), findings: [] };
}
