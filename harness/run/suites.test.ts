// The built-in suites against the reference client, and against each of its bugs: what `catches` claims is checked.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { findCases, readCase } from '../case/load.ts';
import type { Plan } from '../case/plan.ts';
import { packageRoot } from '../client/package-root.ts';
import type { ResolvedClient } from '../client/profile.ts';
import { resolveClient } from '../client/resolve.ts';
import { DIALECTS } from '../dialects.ts';
import { judge } from '../judge/judge.ts';
import { RULES } from '../judge/rules/index.ts';
import { few, leftOut, long, oneClaimEach, oneOfEachSuite, playsAll } from './depth.fixture.ts';
import { claimedTogether, isCaught, killMatrix } from './kill-matrix.ts';
import type { Reporter } from './result.ts';
import { runSuite } from './run-suite.ts';

const known = {
  rules: new Set(RULES.map(({ id }) => id)),
  dialects: Object.values(DIALECTS),
};
const all = findCases(join(packageRoot(), 'suites'))
  .map(({ file, id }) => readCase(file, known, id))
  .filter(({ dialect }) => dialect === 'metering');
const plans = playsAll ? all : oneOfEachSuite(all);
const silent: Reporter = { begin() {}, result() {}, end() {} };
const folder = mkdtempSync(join(tmpdir(), 'meterproof-suites-'));
process.on('exit', () => rmSync(folder, { recursive: true, force: true }));

const options = {
  time: { mode: 'in-process' },
  seed: 1,
  epochMs: Date.UTC(2026, 0, 1),
  workers: availableParallelism(),
  outDir: folder,
} as const;
const clientOf = (spec: string): ResolvedClient =>
  resolveClient(spec, { cwd: process.cwd(), searchPath: process.env['PATH'] ?? '' });

const { bugs } = clientOf('reference').profile;
const variants = [...bugs, ...claimedTogether(all)];
/** The first that is claimed in each suite. */
const chosen = [
  ...new Set(
    plans
      .filter(({ catches }) => catches.length > 0)
      .filter(({ suite }, index, all) => all.findIndex((plan) => plan.suite === suite) === index)
      .map(({ catches }) => catches[0]!),
  ),
];
const claimsOf = (of: readonly Plan[]): number => of.flatMap(({ catches }) => catches).length;

t.test(
  'the reference client keeps every obligation, and no broken variant of it survives',
  async (t) => {
    const played = playsAll ? plans : oneClaimEach(plans, chosen);
    const { sound, kills, problems } = await killMatrix(played, {
      ...options,
      clientWith: (bug) => clientOf(bug === undefined ? 'reference' : `reference:${bug}`),
      bugs: playsAll ? variants : chosen,
      ruleIds: playsAll ? RULES.map(({ id }) => id) : [],
    });
    t.equal(sound.length, plans.length);
    t.equal(kills.length, claimsOf(played), 'every claim is played');
    // What a case kills beyond the claims that were played is not known.
    const isTold = (problem: string) => playsAll || !problem.endsWith('kills no variant');
    t.same(problems.filter(isTold), []);
    const rules = [...known.rules];
    for (const { plan, trace } of sound)
      for (const { id, state, why } of judge({ ...plan, rules }, trace).rules)
        if (state === 'broken') t.fail(`${plan.id}, judged by every rule: ${id}: ${why}`);
  },
);

leftOut(`the reference client in ${all.length - plans.length} of ${all.length} cases`);
leftOut(
  `all ${variants.length} broken variants of the reference client in all ${claimsOf(all)} cases that claim them, beyond ${chosen.length} in one case each`,
);

/** The demonstration plays some of these. */
long(
  'the first field build fails exactly the cases that catch one of its bugs, or several of them together',
  async (t) => {
    const client = clientOf('reference:rtm');
    const failed = (await runSuite(plans, { ...options, client, bail: false }, silent))
      .filter(({ judgement }) => judgement.verdict !== 'pass')
      .map(({ plan, judgement }) => `${plan.id} ${judgement.verdict}`);
    const caught = plans.filter((plan) => isCaught(plan, client.bugs));
    t.same(
      failed,
      caught.map(({ id }) => `${id} fail`),
    );
  },
);

const hasPython = spawnSync('python3', ['--version']).status === 0;
t.test(
  'the Python example, an unmodified native program, keeps what it claims to, in virtual time',
  { skip: hasPython ? false : 'there is no python3' },
  async (t) => {
    for (const { plan, judgement } of await runSuite(
      few(plans, 'suites for the Python example'),
      { ...options, client: clientOf('example-python'), time: { mode: 'virtual' }, bail: false },
      silent,
    ))
      t.ok(
        judgement.verdict === 'pass' ||
          judgement.verdict === 'unsupported' ||
          judgement.known !== undefined,
        `${plan.id} ${judgement.verdict} ${judgement.reason ?? ''}`,
      );
  },
);

leftOut('the Python example beyond a case of some suites');
