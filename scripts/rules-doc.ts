// Writes docs/rules.md from the table of rules: npx tsx scripts/rules-doc.ts
import { writeFileSync } from 'node:fs';
import { RULES } from '../harness/judge/rules/index.ts';
import type { Rule } from '../harness/judge/verdict.ts';

const INTRODUCTION = `# The rules

Each rule is one obligation that is checked on a trace. A case names those that it exercises (\`rules: [SWM-3]\`); those marked with * are checked on every
trace. The verdict on a rule is **kept**, **broken** or **could not tell**: the case never got to where the rule applies, and the last column says what it
would have taken. "Attempts can be seen" asks for an observer where servers refuse or leave unanswered (virtual time, Node, Python, native programs on Linux).

A client is judged by the policy that its profile states, phase by phase, and otherwise by the ways of the field (\`client-contract.md\`, sections 8 and 9). A report names
the version of a rule; a profile may pin it (\`rules: { SWM-3: 1 }\`), and goes on being judged by that version.
`;

const GROUPS: readonly (readonly [prefix: string, title: string])[] = [
  ['SWM', 'Metering'],
  ['SF', 'Store and forward'],
  ['RT', 'Retry'],
  ['FO', 'Failover and failback'],
];

/** The text of docs/rules.md. */
export function rulesDocument(rules: readonly Rule[] = RULES): string {
  const parts = GROUPS.map(([prefix, title]) => {
    const own = rules.filter(({ id }) => id.startsWith(`${prefix}-`));
    return `\n## ${title}\n${table(own)}`;
  });
  return INTRODUCTION + parts.join('');
}

function table(rules: readonly Rule[]): string {
  const head =
    '| id | version | obligation | source | can be told when |\n| --- | --- | --- | --- | --- |\n';
  const rows = rules.map(
    ({ id, version, obligation, source, always, needs }) =>
      `| ${id}${always ? ' *' : ''} | ${version} | ${obligation} | ${source} | ${needs ?? '–'} |\n`,
  );
  return head + rows.join('');
}

if (process.argv[1] === import.meta.filename) writeFileSync('docs/rules.md', rulesDocument());
