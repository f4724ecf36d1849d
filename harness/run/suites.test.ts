// The built-in suites against the reference client, and against each of its bugs: what `catches` claims is checked.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { findCases, readCase } from '../case/load.ts';
import type { Plan } from '../case/plan.ts';
import { packageRoot } from '../client/package-root.ts';
import { resolveClient } from '../client/resolve.ts';
import { DIALECTS } from '../dialects.ts';
import { judge } from '../judge/judge.ts';
import { RULES } from '../judge/rules/index.ts';
import type { CaseResult, Reporter } from './result.ts';
import { runSuite } from './run-suite.ts';

const known = {
  rules: new Set(RULES.map(({ id }) => id)),
  dialects: Object.values(DIALECTS),
};
const plans = findCases(join(packageRoot(), 'suites'))
  .map(({ file, id }) => readCase(file, known, id))
  .filter(({ dialect }) => dialect === 'metering');
const silent: Reporter = { begin() {}, result() {}, end() {} };
const folder = mkdtempSync(join(tmpdir(), 'meterproof-suites-'));
process.on('exit', () => rmSync(folder, { recursive: true, force: true }));

const play = (spec: string, cases: readonly Plan[]): Promise<readonly CaseResult[]> =>
  runSuite(
    cases,
    {
      client: resolveClient(spec, { cwd: process.cwd(), searchPath: process.env['PATH'] ?? '' }),
      time: { mode: 'virtual' },
      seed: 1,
      epochMs: Date.UTC(2026, 0, 1),
      workers: availableParallelism(),
      bail: false,
      outDir: folder,
    },
    silent,
  );

t.test('the reference client keeps every obligation', async (t) => {
  const results = await play('reference', plans);
  t.equal(results.length, plans.length);
  for (const { plan, judgement } of results)
    t.equal(judgement.verdict, 'pass', `${plan.id} ${judgement.reason ?? ''}`);
  const rules = [...known.rules];
  for (const { plan, trace } of results)
    for (const { id, state, why } of judge({ ...plan, rules }, trace).rules)
      if (state === 'broken') t.fail(`${plan.id}, judged by every rule: ${id}: ${why}`);
});

const bugs = resolveClient('reference', { cwd: process.cwd(), searchPath: '' }).profile.bugs;
for (const bug of bugs)
  t.test(`the bug ${bug} is caught by the cases that claim it`, async (t) => {
    const claiming = plans.filter(({ catches }) => catches.includes(bug));
    t.ok(claiming.length > 0, 'some case claims it');
    for (const { plan, judgement } of await play(`reference:${bug}`, claiming))
      t.equal(judgement.verdict, 'fail', `${plan.id} ${judgement.reason ?? ''}`);
  });

const hasPython = spawnSync('python3', ['--version']).status === 0;
t.test(
  'the Python example, an unmodified native program, passes every case in virtual time',
  { skip: hasPython ? false : 'there is no python3' },
  async (t) => {
    for (const { plan, judgement } of await play('example-python', plans))
      t.equal(judgement.verdict, 'pass', `${plan.id} ${judgement.reason ?? ''}`);
  },
);
