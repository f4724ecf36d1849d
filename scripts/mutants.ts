// npm run mutants: every broken variant of the reference client must be killed by the cases that claim it. Writes docs/kill-matrix.md;
// with --all plays every variant in every case, and prints what kills beyond the claims. With words behind it (`npm run mutants -- clock/ wire/`)
// only cases whose id holds one of them are played, and no page is written.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { BUGS } from '../clients/reference/bugs.ts';
import { findCases, readCase } from '../harness/case/load.ts';
import type { Plan } from '../harness/case/plan.ts';
import { packageRoot } from '../harness/client/package-root.ts';
import { resolveClient, shippedProfile } from '../harness/client/resolve.ts';
import { DIALECTS } from '../harness/dialects.ts';
import { RULES } from '../harness/judge/rules/index.ts';
import {
  brokenBy,
  claimedTogether,
  type Kill,
  killMatrix,
  type KillMatrix,
} from '../harness/run/kill-matrix.ts';

const INTRODUCTION = `# The kill matrix

Each variant is the reference client with one thing wrong: \`meterproof run --client reference:VARIANT\` plays it. Each case names under \`catches\` the
variants that it must fail. This page is written by \`npm run mutants\`, which plays them all and fails when a variant survives, when a claim does
not hold, when a case kills none, when no variant breaks a rule, or when the sound client fails a case.
`;

/** The cases of the metering dialect. */
export function meteringCases(): readonly Plan[] {
  const known = {
    rules: new Set(RULES.map(({ id }) => id)),
    bugs: new Set<string>([...BUGS.map(({ name }) => name), ...shippedProfile('relay').bugs]),
    dialects: Object.values(DIALECTS),
  };
  return findCases(join(packageRoot(), 'suites'))
    .map(({ file, id }) => readCase(file, known, id))
    .filter(({ dialect }) => dialect === 'metering');
}

export async function play(
  plans: readonly Plan[],
  bugs: readonly string[],
  {
    all = false,
    ruleIds = [],
    progress,
  }: { all?: boolean; ruleIds?: readonly string[]; progress?: (line: string) => void } = {},
): Promise<KillMatrix> {
  const outDir = mkdtempSync(join(tmpdir(), 'meterproof-mutants-'));
  try {
    return await killMatrix(plans, {
      clientWith: (bug) =>
        resolveClient(bug === undefined ? 'reference' : `reference:${bug}`, {
          cwd: process.cwd(),
          searchPath: process.env['PATH'] ?? '',
        }),
      bugs,
      ruleIds,
      all,
      time: { mode: 'in-process' },
      seed: 1,
      epochMs: Date.UTC(2026, 0, 1),
      workers: availableParallelism(),
      outDir,
      progress: (done, total, bug) => progress?.(`${done}/${total}  ${bug}`),
    });
  } finally {
    rmSync(outDir, { recursive: true, force: true });
  }
}

/** The text of docs/kill-matrix.md. */
function matrixPage(kills: readonly Kill[]): string {
  const cases = new Set(kills.map(({ caseId }) => caseId));
  const lines = [
    INTRODUCTION,
    `${BUGS.length} variants, ${cases.size} cases, ${kills.length} claims.`,
    '',
    '| variant | the client … | breaks | killed by, at |',
    '| --- | --- | --- | --- |',
  ];
  const killedBy = (variant: string): string =>
    kills
      .filter(({ bug, isKilled }) => bug === variant && isKilled)
      .map(({ caseId, at }) => `\`${caseId}\`: ${at}`)
      .join('<br>');
  for (const { name, about, pattern, breaks } of BUGS) {
    lines.push(`| \`${name}\` | ${about} | ${breaks ?? pattern ?? ''} | ${killedBy(name)} |`);
  }
  for (const pair of new Set(kills.flatMap(({ bug }) => (bug.includes('+') ? bug : []))))
    lines.push(`| \`${pair}\` | does both | | ${killedBy(pair)} |`);
  lines.push(
    '',
    '## Rules',
    'Every rule is broken by at least one variant, in a case that claims that variant.',
    '',
    '| rule | broken by |',
    '| --- | --- |',
  );
  for (const { id } of RULES) {
    const variants = brokenBy(kills, id).map((bug) => `\`${bug}\``);
    lines.push(`| ${id} | ${variants.join(', ')} |`);
  }
  return `${lines.join('\n')}\n`;
}

async function main(): Promise<void> {
  const all = process.argv.includes('--all');
  const started = performance.now();
  const words = process.argv.slice(2).filter((word) => !word.startsWith('--'));
  const isWanted = ({ id }: Plan): boolean => words.some((word) => id.includes(word));
  const plans = words.length > 0 ? meteringCases().filter(isWanted) : meteringCases();
  const bugs = BUGS.map(({ name }) => name).filter(
    (bug) => words.length === 0 || all || plans.some(({ catches }) => catches.includes(bug)),
  );
  const { kills, problems } = await play(plans, [...bugs, ...claimedTogether(plans)], {
    all,
    ruleIds: words.length > 0 ? [] : RULES.map(({ id }) => id),
    progress: (line) => console.log(line),
  });
  if (words.length === 0)
    writeFileSync('docs/kill-matrix.md', matrixPage(kills.filter(({ claimed }) => claimed)));
  if (all)
    for (const { bug, caseId, at } of kills.filter((kill) => kill.isKilled && !kill.claimed))
      console.log(`${bug} is also killed by ${caseId}: ${at}`);
  for (const problem of problems) console.log(`PROBLEM  ${problem}`);
  const seconds = ((performance.now() - started) / 1000).toFixed(0);
  console.log(`${bugs.length} variants, ${kills.length} runs, ${seconds} s`);
  process.exitCode = problems.length > 0 ? 1 : 0;
}

if (process.argv[1] === import.meta.filename) await main();
