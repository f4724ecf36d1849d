import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { BUGS, parseBugs } from './bugs.ts';

t.test('bugs are switched on by name', (t) => {
  t.same([...parseBugs('orphan-seat,clock-stall')], ['orphan-seat', 'clock-stall']);
  t.equal(parseBugs('').size, 0);
  t.throws(() => parseBugs('orphan-seat,orphan-chair'), /no bug "orphan-chair"/);
  t.end();
});

t.test(
  'every bug has a name of its own, and stands for a pattern, a rule or a line of the contract',
  (t) => {
    t.equal(new Set(BUGS.map(({ name }) => name)).size, BUGS.length);
    for (const { name, pattern, article, breaks } of BUGS)
      if (pattern === undefined) t.match(breaks, /^(?:(?:SWM|SF|RT|FO)-\d+|9\.\d+)$/, name);
      else {
        t.equal(pattern, name.toUpperCase());
        t.match(article, /^Q\d{6}/);
      }
    t.end();
  },
);

t.test('every bug is switched somewhere in the code', (t) => {
  const folder = import.meta.dirname;
  const code = readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts') && !file.endsWith('.test.ts'))
    .map((file) => readFileSync(join(folder, file), 'utf8'))
    .join('');
  for (const { name } of BUGS) t.ok(code.includes(`bugs.has('${name}')`), name);
  t.end();
});
