import t from 'tap';
import type { Rule } from '../judge/verdict.ts';
import { brokenRules, demoStatus, mostTelling, pairUp } from './demo-report.ts';
import { brokenRulesText, pairTable, wrap } from './demo-text.ts';
import { planOf } from './plans.fixture.ts';
import { palette } from '../report/palette.ts';
import { resultOf } from './result.fixture.ts';

const STICKS = planOf('online/sticks', { catches: ['early-delete'] });
const REFUSES = planOf('offline/refuses', {
  catches: ['primary-fixation'],
  pattern: 'PRIMARY-FIXATION',
});
const PLANS = [REFUSES, STICKS];
const BUGS = ['primary-fixation', 'hasty-switch'];
const good = PLANS.map((plan) => resultOf(plan, 'pass'));
const rule = (id: string): Rule => ({
  id,
  version: 1,
  obligation: `the client keeps ${id}`,
  source: 'Q235786',
  always: false,
  check: () => ({ state: 'kept', why: '' }),
});
const broken = (id: string) => ({
  id,
  version: 1,
  source: 'Q235786',
  state: 'broken' as const,
  why: 'because',
});
const bad = [resultOf(REFUSES, 'fail', [broken('SWM-1')]), resultOf(STICKS, 'pass')];

t.test(
  'all is well when the field build fails the cases that catch its bugs, and only those',
  (t) => {
    t.equal(demoStatus(pairUp(PLANS, good, bad, BUGS)), 0);
    t.equal(demoStatus(pairUp(PLANS, good, good, BUGS)), 1, 'a bug that no case catches');
    t.equal(demoStatus(pairUp(PLANS, bad, bad, BUGS)), 1, 'a reference client that fails');
    const all = PLANS.map((plan) => resultOf(plan, 'fail'));
    t.equal(demoStatus(pairUp(PLANS, good, all, BUGS)), 1, 'a failure that no bug explains');
    t.end();
  },
);

t.test('what could not be told, was not played, or could not fail is no success', (t) => {
  for (const verdict of ['error', 'inconclusive', 'unsupported'] as const) {
    const unclear = [resultOf(REFUSES, 'fail'), resultOf(STICKS, verdict)];
    t.equal(demoStatus(pairUp(PLANS, good, unclear, BUGS)), 2, verdict);
    t.equal(demoStatus(pairUp(PLANS, unclear, bad, BUGS)), 2, `${verdict} of the reference`);
  }
  t.equal(demoStatus(pairUp(PLANS, good, bad.slice(0, 1), BUGS)), 2, 'a case that is missing');
  t.equal(demoStatus(pairUp(PLANS, good, good, [])), 2, 'nothing is expected to fail');
  t.end();
});

t.test('broken rules come in their order, with the cases that showed them', (t) => {
  t.same(brokenRules(bad, [rule('RT-1'), rule('SWM-1')]), [
    {
      id: 'SWM-1',
      obligation: 'the client keeps SWM-1',
      source: 'Q235786',
      cases: ['offline/refuses'],
    },
  ]);
  t.equal(mostTelling(bad)?.plan.id, 'offline/refuses');
  t.equal(mostTelling(good), undefined);
  t.end();
});

t.test('the table shows who differs, and marks what is not as expected', (t) => {
  const plain = palette(false);
  const table = pairTable(pairUp(PLANS, good, good, BUGS), 'reference:rtm', plain);
  t.equal(
    table,
    [
      'case             reference  reference:rtm  broke',
      'offline/refuses  pass       pass           expected: pass, fail',
      'and 1 more that both pass',
      '',
    ].join('\n'),
  );
  const alike = pairUp(PLANS.slice(1), good.slice(1), good.slice(1), BUGS);
  t.equal(pairTable(alike, 'reference:rtm', plain), 'and 1 more that both pass\n');
  const text = brokenRulesText(brokenRules(bad, [rule('SWM-1')]), plain);
  t.equal(text, '  SWM-1  the client keeps SWM-1\n         Q235786  shown by offline/refuses\n');
  t.same(wrap('aa bb cc dddddd', 5), ['aa bb', 'cc', 'dddddd']);
  t.end();
});
