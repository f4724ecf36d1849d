import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { meteringCases } from '../../scripts/mutants.ts';
import { fileOf, indexText, patternsOf, patternText } from '../../scripts/patterns-doc.ts';
import { PATTERN_TEXTS } from '../../scripts/patterns.ts';

const folder = 'docs/patterns';
const patterns = patternsOf(meteringCases());

t.test('every pattern has a text, a case and a page that is in step', (t) => {
  t.same(Object.keys(PATTERN_TEXTS).toSorted(), patterns.map(({ name }) => name).toSorted());
  for (const pattern of patterns) {
    t.ok(pattern.plan?.catches.includes(pattern.bug), `${pattern.name} has a case that claims it`);
    const page = readFileSync(join(folder, fileOf(pattern)), 'utf8');
    const text = patternText(pattern);
    t.equal(page.slice(0, text.length), text, fileOf(pattern));
    t.match(
      page.slice(text.length),
      /FAIL .*\n(?:.*\n)*? *broke /,
      `${pattern.name}: a real report`,
    );
  }
  t.end();
});

t.test(
  'the matrix of releases and patterns is that of the profile, and no page is left over',
  (t) => {
    t.equal(readFileSync(join(folder, 'README.md'), 'utf8'), indexText(patterns));
    t.same(readdirSync(folder).toSorted(), ['README.md', ...patterns.map(fileOf)].toSorted());
    t.end();
  },
);
