// Writes docs/cli.md from the command line's own help: npx tsx scripts/cli-doc.ts
import { writeFileSync } from 'node:fs';
import { buildProgram } from '../harness/cli/command-line.ts';

const INTRODUCTION = `# The command line

\`meterproof\`, or in a clone \`npm start --\`, has these commands. This page is the help that they print themselves.
`;

/** The text of docs/cli.md. */
export function cliDocument(): string {
  let text = INTRODUCTION;
  const write = (part: string): void => void (text += part);
  const program = buildProgram({
    write,
    writeError: write,
    isTerminal: false,
    cwd: '/',
    searchPath: '',
    cpus: 1,
    now: new Date(0),
    signal: new AbortController().signal,
    debug: false,
    runSuite: () => Promise.resolve([]),
  });
  for (const command of [program, ...program.commands]) {
    const name = command === program ? '' : ` ${command.name()}`;
    write(`\n## meterproof${name}\n\`\`\`\n`);
    command.outputHelp();
    text = `${text.trimEnd()}\n\`\`\`\n`;
  }
  return text;
}

if (process.argv[1] === import.meta.filename) writeFileSync('docs/cli.md', cliDocument());
