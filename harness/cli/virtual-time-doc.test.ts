// The examples of docs/virtual-time.md are command lines that this command line takes, and its table of what is said is what is said.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { escapedText, stalledText } from '../client/virtual/stall.ts';
import type { RunOptions } from '../run/run-suite.ts';
import { runCommandLine } from './command-line.ts';
import { resultOf } from './result.fixture.ts';

const doc = readFileSync('docs/virtual-time.md', 'utf8');

t.test('each example is taken', async (t) => {
  const cwd = mkdtempSync(join(tmpdir(), 'meterproof-'));
  for (const name of ['slow', 'my-client'])
    writeFileSync(
      join(cwd, `${name}.yaml`),
      `name: ${name}\ncommand: [node, --version]\ntier: driven\n`,
    );
  const played: RunOptions[] = [];
  const examples = [...doc.matchAll(/^meterproof (?<words>run .*?)(?: {2,}.*)?$/gm)];
  for (const { groups } of examples) {
    let said = '';
    const status = await runCommandLine(groups!['words']!.split(' '), {
      write: () => {},
      writeError: (text) => void (said += text),
      isTerminal: false,
      cwd,
      searchPath: '',
      cpus: 2,
      now: new Date('2024-02-29T12:00:00Z'),
      signal: new AbortController().signal,
      debug: false,
      runSuite: (plans, options) => {
        played.push(options);
        return Promise.resolve(plans.map((plan) => resultOf(plan, 'pass')));
      },
    });
    t.equal(status, 0, `${groups!['words']} ${said}`);
  }
  rmSync(cwd, { recursive: true });
  t.match(
    played.map(({ repeat, stallMs, time }) => ({ repeat, stallMs, time })),
    [
      { repeat: 1, stallMs: 30_000, time: { mode: 'auto' } },
      { repeat: 100 },
      { stallMs: 120_000 },
      { time: { mode: 'scaled', factor: 60 } },
    ],
  );
  t.equal(played.length, 4);
});

t.test('what it says is what is said', (t) => {
  t.ok(
    doc.includes(escapedText({ client: 'client' }, '…')),
    escapedText({ client: 'client' }, '…'),
  );
  const [said] = stalledText({ client: 'client' }, 30_000, 'held by …').split('. ');
  t.ok(doc.includes(said!), said!);
  t.end();
});
