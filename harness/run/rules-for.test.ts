import t from 'tap';
import { parseProfile, ProfileError } from '../client/profile.ts';
import { RULES } from '../judge/rules/index.ts';
import type { Rule } from '../judge/verdict.ts';
import { rulesFor } from './rules-for.ts';

const PROFILE = 'name: mine\ncommand: [./mine]\ntier: driven\n';
const judging = (more: string, rules: readonly Rule[] = RULES): readonly Rule[] =>
  rulesFor(parseProfile(PROFILE + more, 'my.yaml', '/here'), rules);
const problemOf = (more: string): string => {
  try {
    judging(more);
  } catch (error) {
    if (error instanceof ProfileError) return error.message;
    throw error;
  }
  return '';
};

t.test("a pinned version judges, also of rules of one's own", (t) => {
  t.same(judging(''), RULES);
  t.same(judging('rules: { SWM-3: 1 }\n'), RULES);
  const own = [1, 2].map((version): Rule => ({
    ...RULES[0]!,
    id: 'MY-1',
    version,
  }));
  const versionOf = (rules: readonly Rule[]) => rules.find(({ id }) => id === 'MY-1')?.version;
  t.equal(versionOf(judging('', [...RULES, ...own])), 2);
  t.equal(versionOf(judging('rules: { MY-1: 1 }\n', [...RULES, ...own])), 1);
  t.end();
});

t.test('what is not known is told with its place and with what is', (t) => {
  t.equal(
    problemOf('rules: { SWM-3: 9 }\n'),
    'my.yaml:4:10: there is no version 9 of SWM-3 — known: 1',
  );
  t.match(
    problemOf('rules: { SWM-33: 1 }\n'),
    'my.yaml:4:10: there is no rule "SWM-33" — did you mean "SWM-3"?',
  );
  t.match(
    problemOf('knownFailures:\n  - { rule: NO-1, reason: none }\n'),
    /my\.yaml:5:5: there is no rule "NO-1" — /,
  );
  t.end();
});
