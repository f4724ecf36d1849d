// How much the unit tests play: all of it in CI, on a developer's machine what fits into a few minutes.
import t from 'tap';
import type { Plan } from '../case/plan.ts';

export const playsAll = process.env['CI'] === 'true';

/** Says at the end of the tests what they have left out. */
export function leftOut(what: string): void {
  if (!playsAll) void t.test(what, { skip: 'CI=true npm test plays it' }, (test) => test.end());
}

/** The first case of each suite. */
export function oneOfEachSuite(plans: readonly Plan[]): readonly Plan[] {
  return [...new Map(plans.toReversed().map((plan) => [plan.suite, plan])).values()].toReversed();
}

/** Each of these variants is left to the first case that claims it, the others to none. */
export function oneClaimEach(plans: readonly Plan[], variants: readonly string[]): readonly Plan[] {
  const taken = new Set<string>();
  const take = (claim: string): boolean =>
    variants.includes(claim) && !taken.has(claim) && taken.add(claim) !== undefined;
  return plans.map((plan) => ({ ...plan, catches: plan.catches.filter(take) }));
}
