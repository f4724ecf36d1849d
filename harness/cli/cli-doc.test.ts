import { readFileSync } from 'node:fs';
import t from 'tap';
import { cliDocument } from '../../scripts/cli-doc.ts';

t.test('docs/cli.md is what the commands say of themselves', (t) => {
  t.equal(readFileSync('docs/cli.md', 'utf8'), cliDocument(), 'npx tsx scripts/cli-doc.ts');
  t.end();
});
