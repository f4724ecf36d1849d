// The example client of relay: the cases of the suites that its servers can play, unchanged, and its broken variants in them.
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { parseCapture } from '../../../harness/capture/capture-file.ts';
import { findCases, readCaseFor } from '../../../harness/case/load.ts';
import type { Plan } from '../../../harness/case/plan.ts';
import { packageRoot } from '../../../harness/client/package-root.ts';
import { resolveClient } from '../../../harness/client/resolve.ts';
import { DIALECTS } from '../../../harness/dialects.ts';
import { judge } from '../../../harness/judge/judge.ts';
import { RULES } from '../../../harness/judge/rules/index.ts';
import { few, leftOut, playsAll } from '../../../harness/run/depth.fixture.ts';
import { killMatrix, type KillMatrix } from '../../../harness/run/kill-matrix.ts';
import type { CaseResult } from '../../../harness/run/result.ts';
import { formatTrace } from '../../../harness/trace/file.ts';

const known = {
  rules: new Set(RULES.map(({ id }) => id)),
  dialects: Object.values(DIALECTS),
};
const folder = mkdtempSync(join(tmpdir(), 'meterproof-relay-'));
process.on('exit', () => rmSync(folder, { recursive: true, force: true }));

const all = findCases(join(packageRoot(), 'suites'))
  .map(({ file, id }) => readCaseFor('relay', file, known, id))
  .filter(({ dialect }) => dialect === 'relay');
const clientOf = (spec: string) => resolveClient(spec, { cwd: process.cwd(), searchPath: '' });
const { bugs } = clientOf('relay').profile;
const options = {
  time: { mode: 'in-process' },
  seed: 1,
  epochMs: Date.UTC(2026, 0, 1),
  workers: 2,
  outDir: folder,
} as const;
let matrix: KillMatrix;
const DEFINITE_NO = 'relay/definite-no-is-final';
/** What a variant came to, by `variant in case`. */
const results = new Map<string, CaseResult>();

/** What a variant breaks, and where that shows. A signature is the business of no rule. */
const WHY: Readonly<Record<string, readonly [caseId: string, rule?: string]>> = {
  'hasty-switch': ['online/attempts-counted-and-spaced-before-switch', 'SWM-3'],
  'orphan-seat': ['online/old-seat-released-after-return', 'SWM-4'],
  'denial-repeated': ['relay/unknown-pool-is-final', 'RT-6'],
  'denial-elsewhere': ['relay/unknown-pool-is-final', 'FO-3'],
  'live-status-never': ['leases/live-status-keeps-the-seat', 'FO-7'],
  'gap-halved': ['online/attempts-counted-and-spaced-before-switch', 'RT-1'],
  'release-to-the-current': ['relay/release-goes-where-the-lease-is', 'FO-4'],
  'leases-forgotten-at-start': ['crash/killed-with-a-lease'],
  'signature-unchecked': ['relay/forged-answer-is-no-answer'],
  'retry-after-ignored': ['relay/retry-after-date', 'RT-5'],
  'offline-for-ever': ['relay/both-down-only-first-returns', 'FO-6'],
};

const variants = few(bugs, 'variants of the relay client');
const showing = new Set(variants.map((bug) => WHY[bug]?.[0]));
const plans = playsAll ? all : all.filter(({ id }) => id === DEFINITE_NO || showing.has(id));
const inOneCase = (plan: Plan): Plan => ({
  ...plan,
  catches: variants.filter((bug) => WHY[bug]?.[0] === plan.id),
});

t.test('every variant is killed by the cases that claim it, the client by none', async (t) => {
  const played = playsAll ? plans : plans.map(inOneCase);
  matrix = await killMatrix(played, {
    ...options,
    clientWith: (bug) => clientOf(bug === undefined ? 'relay' : `relay:${bug}`),
    bugs: variants,
    played: (bug, result) => results.set(`${bug} in ${result.plan.id}`, result),
  });
  t.equal(matrix.sound.length, plans.length);
  // What a case for all dialects kills beyond these is the reference client's business.
  const isOwn = (problem: string) =>
    !problem.endsWith('kills no variant') || (playsAll && problem.startsWith('relay/'));
  t.same(matrix.problems.filter(isOwn), []);
});

leftOut(`the relay client in ${all.length - plans.length} of ${all.length} cases`);

t.test('each variant is failed by the rule that it breaks', (t) => {
  t.same(Object.keys(WHY), bugs);
  for (const bug of variants) {
    const [caseId, rule] = WHY[bug]!;
    const { plan, trace, judgement } = results.get(`${bug} in ${caseId}`)!;
    t.ok(plans.find(({ id }) => id === caseId)?.catches.includes(bug), `${caseId} claims ${bug}`);
    t.equal(judgement.verdict, 'fail', `${bug} in ${caseId}`);
    if (rule === undefined) continue;
    const judged = judge({ ...plan, rules: [rule] }, trace).rules.find(({ id }) => id === rule);
    t.equal(judged?.state, 'broken', `${bug} breaks ${rule}: ${judged?.why}`);
  }
  t.end();
});

t.test('no rule is broken in any case, and each that speaks of no records can be told', (t) => {
  const told = new Set<string>();
  const rules = [...known.rules];
  for (const { plan, trace } of matrix.sound)
    for (const { id, state, why } of judge({ ...plan, rules }, trace).rules) {
      if (state === 'kept') told.add(id);
      if (state === 'broken') t.fail(`${plan.id}, judged by every rule: ${id}: ${why}`);
    }
  const wanted = ['SWM-2', 'SWM-3', 'SWM-4', 'SWM-8', 'RT-1', 'RT-3', 'RT-4', 'RT-5', 'RT-6'];
  const owed = [...wanted, 'RT-7', 'RT-8', ...[1, 2, 3, 4, 5, 6, 7, 8].map((n) => `FO-${n}`)];
  for (const id of playsAll ? owed : []) t.ok(told.has(id), `${id} was told`);
  for (const id of told) t.notMatch(id, /^SF-|^SWM-(?:1|5|6|9)$/, `${id} is about uploads`);
  t.end();
});

t.test('its traces can be judged again from their bytes, which tell what they say', (t) => {
  const { relay } = DIALECTS;
  for (const { plan, trace } of matrix.sound)
    t.equal(parseCapture(formatTrace(trace), plan.id, relay!).events.length, trace.events.length);
  const text = formatTrace(matrix.sound.find(({ plan }) => plan.id === DEFINITE_NO)!.trace);
  const lie = text.replace('"event":"lease-deny"', '"event":"lease-grant"');
  t.not(lie, text);
  t.throws(() => parseCapture(lie, 'lie', relay!), /lie:\d+/);
  t.end();
});

t.test('the example has no need of anything but Node', (t) => {
  const here = join(packageRoot(), 'clients/examples/relay');
  const files = readdirSync(here).filter((file) => file.endsWith('.mjs'));
  t.equal(files.length, 3);
  for (const file of files)
    for (const [, from] of readFileSync(join(here, file), 'utf8').matchAll(/from '([^']+)'/g))
      t.match(from, /^(?:node:|\.\/)/);
  t.end();
});
