// The built-in suites: every case loads, says what it is for, and is kept short.
import { readFileSync } from 'node:fs';
import t from 'tap';
import { BUGS } from '../../clients/reference/bugs.ts';
import { shippedProfile } from '../client/resolve.ts';
import { DIALECTS } from '../dialects.ts';
import { RULES } from '../judge/rules/index.ts';
import { findCases, readCase } from './load.ts';

const known = {
  rules: new Set(RULES.map(({ id }) => id)),
  dialects: Object.values(DIALECTS),
  bugs: new Set([...BUGS.map(({ name }) => name), ...shippedProfile('relay').bugs]),
};
const plans = findCases('suites').map(({ file, id }) => readCase(file, known, id));

t.test('the suites have the cases that the project exists for', (t) => {
  const count = (suite: string): number => plans.filter((plan) => plan.suite === suite).length;
  t.ok(count('offline') >= 9, 'offline');
  t.ok(count('online') >= 6, 'online');
  t.ok(count('clock') >= 1, 'clock');
  t.same(
    BUGS.map(({ name }) => name).filter(
      (name) => !plans.some((plan) => plan.catches.includes(name)),
    ),
    [],
    'every bug of the reference client is to be caught by one of them',
  );
  t.end();
});

t.test('every case names rules, expects something, and is short', (t) => {
  for (const { id, file, rules, expect, title } of plans) {
    t.ok(rules.length > 0 && expect.length > 0, `${id} names rules and expects something`);
    t.ok(title.length <= 110 && !title.endsWith('.'), `${id} has a title of one sentence`);
    t.ok(readFileSync(file, 'utf8').trimEnd().split('\n').length <= 21, `${id} is short`);
  }
  t.same(plans.length, new Set(plans.map(({ title }) => title)).size, 'no two have one title');
  t.end();
});
