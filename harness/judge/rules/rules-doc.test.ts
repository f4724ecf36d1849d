import { readFileSync } from 'node:fs';
import t from 'tap';
import { rulesDocument } from '../../../scripts/rules-doc.ts';
import { RULES } from './index.ts';

t.test('docs/rules.md is made from the table of rules', (t) => {
  const text = rulesDocument();
  t.equal(readFileSync('docs/rules.md', 'utf8'), text, 'npx tsx scripts/rules-doc.ts');
  for (const { id } of RULES)
    t.equal(text.split(`\n| ${id} `).length, 2, `${id} stands there once`);
  t.end();
});
