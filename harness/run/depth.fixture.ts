// How much the unit tests play. All of it: in CI, and of a file that is named or run by itself. A part: a plain `npm test`, which is
// for after each change and has to be over in seconds.
import t from 'tap';
import { LATER } from '../../scripts/test-report.ts';
import type { Plan } from '../case/plan.ts';

/** `test.ts` says so to the processes that play the files. */
export const playsAll = process.env['METERPROOF_TESTS'] !== 'short';

/** Says at the end of the tests what they have left out. */
export function leftOut(what: string): void {
  if (!playsAll) void t.test(what, { skip: LATER }, (test) => test.end());
}

/** A test that takes about a second or more, of something that a shorter one looks at as well: a plain `npm test` leaves it out. */
export const long = ((name: string, ...rest: [object, () => void] | [() => void]) => {
  const [extra, play] = rest.length === 1 ? [{}, rest[0]] : rest;
  return t.test(name, { ...extra, ...(!playsAll && { skip: LATER }) }, play);
}) as typeof t.test;

/** The same of one of several kinds. */
export const longIf = (isLong: boolean): typeof t.test => (isLong ? long : t.test.bind(t));

/** How often something random is tried. */
export const tries = (all: number): number => (playsAll ? all : Math.ceil(all / 10));

/** Of many of a kind every fifth, and what is left out is said. */
export function few<T>(all: readonly T[], what: string): readonly T[] {
  if (playsAll) return all;
  const some = all.filter((_, index) => index % 5 === 0);
  leftOut(`${what}: ${all.length - some.length} of ${all.length}`);
  return some;
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
