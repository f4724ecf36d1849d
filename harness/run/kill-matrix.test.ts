import t from 'tap';
import { brokenBy, type Kill } from './kill-matrix.ts';

const kill = (bug: string, broke: readonly string[], claimed = true): Kill => ({
  bug,
  caseId: 'offline/a-case',
  claimed,
  isKilled: true,
  at: 'expect, line 9',
  broke,
});

t.test('a rule is broken by a variant only where a case claims that variant', (t) => {
  const kills = [kill('a', ['RT-1', 'SF-1']), kill('b', ['SF-1']), kill('c', ['RT-2'], false)];
  t.same(brokenBy(kills, 'SF-1'), ['a', 'b']);
  t.same(brokenBy(kills, 'RT-2'), [], 'an accident proves nothing');
  t.same(brokenBy(kills, 'RT-3'), []);
  t.end();
});
