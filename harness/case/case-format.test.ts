// docs/case-format.md is held to the code: its tables are the vocabulary's, its examples load.
import { readFileSync } from 'node:fs';
import t from 'tap';
import { metering } from '../../emulators/metering/index.ts';
import { CaseError } from './errors.ts';
import { loadCase } from './load.ts';
import { tables } from './reference.fixture.ts';

const FILE = 'docs/case-format.md';
const document = readFileSync(FILE, 'utf8');
const known = { rules: new Set<string>(), dialects: [metering] };

const PLAY = 'play: |\n  0s client start\n  7h end\n';
const HEAD = 'title: x\nsource: x\nservers: [alpha, bravo, charlie]\n';

/** A whole case around an example of one of its parts. */
function wholeCase(kind: string, text: string): string {
  if (kind === 'yaml') return text;
  const block = `${kind}: |\n${text.replaceAll(/^/gm, '  ')}\n`;
  return `${HEAD}${kind === 'play' ? '' : PLAY}${block}${kind === 'ledger' ? '' : 'ledger: lost=0\n'}`;
}

t.test('every example in the document loads', (t) => {
  const kinds = new Set<string>();
  for (const [, kind, text] of document.matchAll(/^```([a-z]+)\n([^]*?)\n```$/gm)) {
    kinds.add(kind!);
    try {
      loadCase(wholeCase(kind!, text!), 'example.yaml', known);
      t.pass(`${kind} loads`);
    } catch (error) {
      if (!(error instanceof CaseError)) throw error;
      t.fail(`${error.message}\n${text}`);
    }
  }
  t.same([...kinds].toSorted(), ['expect', 'ledger', 'never', 'play', 'yaml']);
  t.end();
});

t.test('the message that the tutorial shows is the one that validate prints', (t) => {
  const [, tutorial] = /```yaml\n([^]*?)\n```/.exec(document)!;
  const shown = /^suites\/offline\/my-case\.yaml:.*$/m.exec(document)![0];
  const misspelt = tutorial!.replace('down hang', 'down hnag');
  t.throws(() => loadCase(misspelt, 'suites/offline/my-case.yaml', known), { message: shown });
  t.equal(tutorial!.split('\n').length, 12, 'and its case has 12 lines');
  t.end();
});

t.test('the tables in the document are those that the code gives', (t) => {
  const found = new Map(
    [...document.matchAll(/<!-- table ([a-z-]+) -->\n([^]*?)<!-- end -->/g)].map(
      ([, name, text]) => [name!, text!.trim()],
    ),
  );
  const made = tables(metering);
  t.same([...found.keys()].toSorted(), Object.keys(made).toSorted());
  for (const [name, text] of Object.entries(made))
    t.equal(found.get(name), text, `paste this in place of the table ${name}:\n${text}`);
  t.end();
});
