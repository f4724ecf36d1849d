import { formatProblem, type Problem, quote } from '../case/errors.ts';
import { suggest } from '../case/nearest.ts';
import { type Profile, ProfileError } from '../client/profile.ts';
import { ALL_RULES } from '../judge/rules/index.ts';
import { latestOf, pinnedOf, versionsOf } from '../judge/rules/versions.ts';
import type { Rule } from '../judge/verdict.ts';

/**
 * The rules by which a client is judged: `rules`, with the versions that its profile pins. Throws a ProfileError for a rule or a
 * version that does not exist, also among its known failures.
 */
export function rulesFor(
  { pins, knownFailures }: Pick<Profile, 'pins' | 'knownFailures'>,
  rules: readonly Rule[],
): readonly Rule[] {
  const all = [...new Set([...ALL_RULES, ...rules])];
  const ids = latestOf(all).map(({ id }) => id);
  const unknown = (id: string, position: Problem['position']): Problem => ({
    position,
    what: `there is no rule ${quote(id)}`,
    right: suggest(id, ids, 'rules'),
  });
  const problems = [
    ...pins.flatMap(({ id, version, position }): Problem[] => {
      if (!ids.includes(id)) return [unknown(id, position)];
      const versions = versionsOf(all, id);
      if (versions.includes(version)) return [];
      const what = `there is no version ${version} of ${id}`;
      return [{ position, what, right: `known: ${versions.join(', ')}` }];
    }),
    ...knownFailures.flatMap(({ rule, position }) =>
      rule === undefined || ids.includes(rule) ? [] : [unknown(rule, position)],
    ),
  ];
  if (problems.length > 0) throw new ProfileError(problems.map(formatProblem).join('\n'));
  return pinnedOf(all, pins);
}
