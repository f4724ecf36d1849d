import { readFileSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { long } from '../run/depth.fixture.ts';
import { runCommandLine } from './command-line.ts';

const FILE = 'docs/sweep.md';
/** A command, and what it prints below it in the same block. */
const EXAMPLE = /^```\n\$ meterproof (?<command>.+)\n(?<output>[^]*?)```$/gm;

async function outputOf(command: string): Promise<string> {
  let out = '';
  const status = await runCommandLine(command.split(' '), {
    write: (text) => void (out += text),
    writeError: (text) => void (out += text),
    isTerminal: false,
    cwd: process.cwd(),
    searchPath: process.env['PATH'] ?? '',
    cpus: availableParallelism(),
    now: new Date('2026-11-05T00:00:00Z'),
    signal: new AbortController().signal,
    debug: false,
    runSuite: () => Promise.reject(new Error('a sweep plays by itself')),
  });
  return status === 0 ? out : `status ${status}\n${out}`;
}

long('the examples in docs/sweep.md print what stands there', async (t) => {
  const text = readFileSync(FILE, 'utf8');
  const examples = [...text.matchAll(EXAMPLE)];
  t.equal(examples.length, 2);
  let updated = text;
  for (const { groups } of examples) {
    const { command, output } = groups as { command: string; output: string };
    const now = await outputOf(command);
    t.equal(output, now, `${command} (METERPROOF_UPDATE=1 writes it anew)`);
    updated = updated.replace(`${command}\n${output}\`\`\``, () => `${command}\n${now}\`\`\``);
  }
  if (process.env['METERPROOF_UPDATE'] === '1') writeFileSync(FILE, updated);
});
