// A thread in place of a process is another place, not another client: every trace must be the same, byte by byte.
import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { findCases, readCase } from '../case/load.ts';
import { packageRoot } from '../client/package-root.ts';
import { parseProfile } from '../client/profile.ts';
import { resolveClient } from '../client/resolve.ts';
import { DIALECTS } from '../dialects.ts';
import { RULES } from '../judge/rules/index.ts';
import { formatTrace } from '../trace/file.ts';
import type { TimeChoice } from './choose-time.ts';
import { few, leftOut, oneOfEachSuite, playsAll } from './depth.fixture.ts';
import { runSuite } from './run-suite.ts';

const known = {
  rules: new Set(RULES.map(({ id }) => id)),
  dialects: Object.values(DIALECTS),
};
const all = findCases(join(packageRoot(), 'suites'))
  .map(({ file, id }) => readCase(file, known, id))
  .filter(({ opaque }) => !opaque);
const plans = playsAll ? all : few(oneOfEachSuite(all), 'suites in a process and in a thread');

async function traces(outDir: string, mode: TimeChoice): Promise<ReadonlyMap<string, string>> {
  const client = resolveClient('reference', {
    cwd: process.cwd(),
    searchPath: process.env['PATH'] ?? '',
  });
  const results = await runSuite(
    plans,
    {
      client,
      time: mode,
      seed: 7,
      epochMs: Date.UTC(2026, 0, 1),
      workers: availableParallelism(),
      bail: false,
      outDir,
    },
    { begin() {}, result() {}, end() {} },
  );
  return new Map(results.map(({ plan, trace }) => [plan.id, formatTrace(trace)]));
}

t.test('the built-in suites have the same traces in a process and in a thread', async (t) => {
  const folder = t.testdir();
  const expected = await traces(folder, { mode: 'virtual' });
  const actual = await traces(folder, { mode: 'in-process' });
  t.equal(actual.size, plans.length);
  for (const [id, trace] of expected) t.ok(trace === actual.get(id), id);
});

leftOut('the traces of a process and of a thread beyond one case of each suite');

t.test('the profile in docs/in-process.md is one', (t) => {
  const text = readFileSync('docs/in-process.md', 'utf8');
  const [, yaml] = /```yaml\n([^]*?)```/.exec(text)!;
  t.equal(parseProfile(yaml!, 'docs/in-process.md', '/somewhere').time[0], 'in-process');
  t.end();
});
