import t from 'tap';
import type { Plan } from '../case/plan.ts';
import { planOf } from './plans.fixture.ts';
import { basicFirst, type Filters, selectCases } from './select.ts';

const PLANS = [
  planOf('offline/primary-refuses', { pattern: 'PRIMARY-FIXATION', rules: ['SWM-1', 'SF-1'] }),
  planOf('offline/both-down', { source: ['Q226827'], rules: ['SWM-1', 'FO-6'] }),
  planOf('online/primary-refuses', { pattern: 'HASTY-SWITCH', source: ['Q213167'] }),
];

const NONE: Filters = { names: [], suite: [], grep: [], source: [], rule: [], pattern: [] };

function idsOf(filters: Partial<Filters>): string[] {
  const selected = selectCases(PLANS, { ...NONE, ...filters }, new Set(['SF-1', 'SF-2']));
  return selected.map(({ id }) => id);
}

t.test('without filters all cases are selected', (t) => {
  t.equal(idsOf({}).length, 3);
  t.end();
});

t.test('the basic cases of a suite come first', (t) => {
  const withSteps = (id: string, steps: number) =>
    planOf(id, { play: Array.from({ length: steps }, () => ({}) as Plan['play'][number]) });
  const plans = [withSteps('clock/a', 3), withSteps('online/b', 4), withSteps('online/c', 2)];
  t.same(
    basicFirst(plans).map(({ id }) => id),
    ['clock/a', 'online/c', 'online/b'],
  );
  t.end();
});

t.test('a case is named by its id or by the end of its id', (t) => {
  t.same(idsOf({ names: ['offline/both-down'] }), ['offline/both-down']);
  t.same(idsOf({ names: ['both-down'] }), ['offline/both-down']);
  t.same(idsOf({ names: ['offline/both-down.yaml'] }), ['offline/both-down']);
  t.same(idsOf({ names: ['both-down', 'online/primary-refuses'] }), [
    'offline/both-down',
    'online/primary-refuses',
  ]);
  t.throws(() => idsOf({ names: ['primary-refuses'] }), /names 2 cases: offline.*online/);
  t.throws(() => idsOf({ names: ['both-dwn'] }), /no case "both-dwn"; did you mean "both-down"/);
  t.end();
});

t.test('values of one option widen, several options narrow', (t) => {
  t.same(idsOf({ suite: ['offline'] }), ['offline/primary-refuses', 'offline/both-down']);
  t.same(idsOf({ source: ['q226827', 'Q213167'] }), [
    'offline/both-down',
    'online/primary-refuses',
  ]);
  t.same(idsOf({ rule: ['swm-1'], grep: ['BOTH'] }), ['offline/both-down']);
  t.same(idsOf({ pattern: ['hasty-switch'] }), ['online/primary-refuses']);
  t.end();
});

t.test('an always-on rule selects the cases that name it, or all when none does', (t) => {
  t.same(idsOf({ rule: ['SF-1'] }), ['offline/primary-refuses']);
  t.equal(idsOf({ rule: ['SF-2'] }).length, 3);
  t.end();
});

t.test('what matches nothing is an error that says what is near', (t) => {
  t.throws(() => idsOf({ suite: ['ofline'] }), /no case has the suite "ofline"; did you mean/);
  t.throws(() => idsOf({ source: ['Q1'] }), /no case has the source "Q1"; known sources: Q235786/);
  t.throws(() => idsOf({ rule: ['SWM-99'] }), /no case has the rule "SWM-99"/);
  t.throws(() => idsOf({ pattern: ['X'] }), /known patterns: PRIMARY-FIXATION, HASTY-SWITCH/);
  t.throws(
    () => idsOf({ suite: ['online'], grep: ['both'] }),
    /no case matches --suite online --grep both; 3 were looked at/,
  );
  t.throws(() => selectCases([], NONE), /no case to select from/);
  t.end();
});
