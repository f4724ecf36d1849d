import t from 'tap';
import { BUGS, parseBugs } from './bugs.ts';

t.test('bugs are switched on by name', (t) => {
  t.same([...parseBugs('orphan-seat,clock-stall')], ['orphan-seat', 'clock-stall']);
  t.equal(parseBugs('').size, 0);
  t.throws(() => parseBugs('orphan-seat,orphan-chair'), /no bug "orphan-chair"/);
  t.end();
});

t.test('every bug stands for a pattern, and has a name of its own', (t) => {
  t.equal(new Set(BUGS.map(({ name }) => name)).size, BUGS.length);
  for (const { name, pattern, article } of BUGS) {
    t.equal(pattern, name.toUpperCase());
    t.match(article, /^Q\d{6}/);
  }
  t.end();
});
