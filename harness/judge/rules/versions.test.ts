import t from 'tap';
import type { Rule } from '../verdict.ts';
import { ALL_RULES, RULES } from './index.ts';
import { latestOf, pinnedOf, versionsOf } from './versions.ts';

const rule = (id: string, version: number): Rule => ({
  id,
  version,
  obligation: 'the client does something',
  source: 'a test',
  always: false,
  check: () => ({ state: 'kept', why: `${id} version ${version}` }),
});
const all = [rule('A-1', 1), rule('B-1', 1), rule('A-1', 2), rule('A-1', 3)];
const names = (rules: readonly Rule[]): readonly string[] =>
  rules.map(({ id, version }) => `${id}/${version}`);

t.test('the latest version judges, unless another is pinned', (t) => {
  t.same(names(latestOf(all)), ['A-1/3', 'B-1/1']);
  t.same(names(pinnedOf(all, [])), ['A-1/3', 'B-1/1']);
  t.same(names(pinnedOf(all, [{ id: 'A-1', version: 2 }])), ['A-1/2', 'B-1/1']);
  t.same(versionsOf(all, 'A-1'), [1, 2, 3]);
  t.same(versionsOf(all, 'C-1'), []);
  t.end();
});

t.test('the built-in rules have ids of their own, and say what the client does', (t) => {
  t.equal(new Set(RULES.map(({ id }) => id)).size, RULES.length);
  t.equal(new Set(names(ALL_RULES)).size, ALL_RULES.length);
  for (const { id, obligation, source } of RULES) {
    t.match(id, /^(?:SWM|RT|FO|SF)-\d+$/);
    t.match(obligation, /^the client\b.*[^.]$/, id);
    t.ok(source, id);
  }
  t.end();
});
