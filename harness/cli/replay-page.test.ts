import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { long } from '../run/depth.fixture.ts';
import { runCommandLine } from './command-line.ts';

const PAGE = readFileSync('docs/replay.md', 'utf8');
const folder = mkdtempSync(join(tmpdir(), 'meterproof-'));
t.teardown(() => rmSync(folder, { recursive: true }));

async function outputOf(args: readonly string[]): Promise<string> {
  let out = '';
  await runCommandLine([...args, ...(args.includes('servers') ? ['--out', folder] : [])], {
    write: (text) => void (out += text),
    writeError: (text) => void (out += text),
    isTerminal: false,
    cwd: process.cwd(),
    searchPath: process.env['PATH'] ?? '',
    cpus: 1,
    now: new Date(0),
    signal: new AbortController().signal,
    debug: false,
    runSuite: () => Promise.resolve([]),
  });
  return out.replaceAll(folder, '.meterproof');
}

long('the examples in docs/replay.md print what stands there', async (t) => {
  const examples = [...PAGE.matchAll(/^\$ meterproof (.+)\n((?:(?!\$|```|\n).+\n)+)/gm)];
  t.ok(examples.length >= 5);
  for (const [, command, shown] of examples) {
    const out = await outputOf(command!.split(' '));
    t.ok(out.startsWith(shown!), `${command}\n${out}`);
  }
});

t.test('so does the difference that it shows', async (t) => {
  const [shown] = /^ {2}captures\/\S+:\d+ {2}.*\n.*recorded.*\n.*now.*\n/m.exec(PAGE)!;
  const [, args] = [...PAGE.matchAll(/^\$ meterproof (replay .* --server .*)$/gm)][0]!;
  t.ok((await outputOf(args!.split(' '))).includes(shown));
});
