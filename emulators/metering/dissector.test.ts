import { readFileSync } from 'node:fs';
import t from 'tap';
import { DISSECTOR_FILE, dissectorText } from '../../scripts/dissector.ts';
import { MESSAGES } from './codec/index.ts';

t.test('the Wireshark dissector is made from the table of messages as it is', (t) => {
  const text = readFileSync(DISSECTOR_FILE, 'utf8');
  t.equal(text, dissectorText(), 'npx tsx scripts/dissector.ts');
  for (const type of Object.keys(MESSAGES)) t.match(text, `name = "${type}"`);
  t.end();
});
