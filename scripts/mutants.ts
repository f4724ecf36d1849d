// npm run mutants: every broken variant of the reference client must be killed by the cases that claim it. Writes docs/kill-matrix.md;
// with --all plays every variant in every case, and prints what kills beyond the claims.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { BUGS } from '../clients/reference/bugs.ts';
import { findCases, readCase } from '../harness/case/load.ts';
import type { Plan } from '../harness/case/plan.ts';
import { packageRoot } from '../harness/client/package-root.ts';
import { resolveClient } from '../harness/client/resolve.ts';
import { DIALECTS } from '../harness/dialects.ts';
import { RULES } from '../harness/judge/rules/index.ts';
import { type Kill, killMatrix, type KillMatrix } from '../harness/run/kill-matrix.ts';

const INTRODUCTION = `# The kill matrix

Each variant is the reference client with one thing wrong: \`meterproof run --client reference:VARIANT\` plays it. Each case names under \`catches\` the
variants that it must fail. This page is written by \`npm run mutants\`, which plays them all and fails when a variant survives, when a claim does
not hold, when a case kills none, or when the sound client fails a case.
`;

/** The cases of the metering dialect. */
export function meteringCases(): readonly Plan[] {
  const known = {
    rules: new Set(RULES.map(({ id }) => id)),
    bugs: new Set<string>(BUGS.map(({ name }) => name)),
    dialects: Object.values(DIALECTS),
  };
  return findCases(join(packageRoot(), 'suites'))
    .map(({ file, id }) => readCase(file, known, id))
    .filter(({ dialect }) => dialect === 'metering');
}

export async function play(
  plans: readonly Plan[],
  bugs: readonly string[],
  { all = false, progress }: { all?: boolean; progress?: (line: string) => void } = {},
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
export function matrixPage(kills: readonly Kill[]): string {
  const cases = new Set(kills.map(({ caseId }) => caseId));
  const lines = [
    INTRODUCTION,
    `${BUGS.length} variants, ${cases.size} cases, ${kills.length} claims.`,
    '',
    '| variant | the client … | breaks | killed by, at |',
    '| --- | --- | --- | --- |',
  ];
  for (const { name, about, pattern, breaks } of BUGS) {
    const by = kills
      .filter(({ bug, isKilled }) => bug === name && isKilled)
      .map(({ caseId, at }) => `\`${caseId}\`: ${at}`);
    lines.push(`| \`${name}\` | ${about} | ${breaks ?? pattern ?? ''} | ${by.join('<br>')} |`);
  }
  return `${lines.join('\n')}\n`;
}

async function main(): Promise<void> {
  const all = process.argv.includes('--all');
  const started = performance.now();
  const bugs = BUGS.map(({ name }) => name);
  const { kills, problems } = await play(meteringCases(), bugs, {
    all,
    progress: (line) => console.log(line),
  });
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
