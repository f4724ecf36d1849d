// npx tsx scripts/patterns-doc.ts (after npm run build): writes docs/patterns/, with what reports really say. It throws where a field
// build does not show exactly the patterns of its profile.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { BUGS } from '../clients/reference/bugs.ts';
import type { Plan } from '../harness/case/plan.ts';
import { packageRoot } from '../harness/client/package-root.ts';
import { resolveClient } from '../harness/client/resolve.ts';
import { formatFailure } from '../harness/report/failure.ts';
import { palette } from '../harness/report/palette.ts';
import type { CaseResult } from '../harness/run/result.ts';
import { runSuite } from '../harness/run/run-suite.ts';
import { meteringCases } from './mutants.ts';
import { PATTERN_TEXTS } from './patterns.ts';

const REPORT_HEADING = '## What a report says';

export interface Pattern {
  readonly name: string;
  readonly bug: string;
  readonly article: string;
  readonly about: string;
  /** The case that stands for it: the first in the order of ids, or one of another pattern that fails it too. */
  readonly plan: Plan | undefined;
}

const at = { cwd: process.cwd(), searchPath: process.env['PATH'] ?? '' };
export const { builds } = resolveClient('reference', at).profile;

export function patternsOf(plans: readonly Plan[]): readonly Pattern[] {
  return BUGS.flatMap(({ name: bug, pattern, article, about }) =>
    pattern === undefined || article === undefined
      ? []
      : {
          name: pattern,
          bug,
          article,
          about,
          plan: ownCase(plans, pattern) ?? plans.find(({ catches }) => catches.includes(bug)),
        },
  );
}

const ownCase = (plans: readonly Plan[], pattern: string): Plan | undefined =>
  plans.find((plan) => plan.pattern === pattern);

export const fileOf = ({ bug }: Pick<Pattern, 'bug'>): string => `${bug}.md`;

/** All of a page but the report. */
export function patternText({ name, bug, about, plan, article }: Pattern): string {
  const { symptom, today, fixedIn } = PATTERN_TEXTS[name]!;
  const shown = Object.keys(builds).filter((build) => builds[build]!.includes(bug));
  return `# ${name}
**Symptom.** ${symptom}

**As the reference client shows it** (\`--client reference:${bug}\`): ${about}.

**In a client of today.** ${today}

**Case**: \`${plan?.id ?? 'none'}\`. **Field builds that show it**: ${shown.join(', ') || 'none'}. **Fixed in**: ${fixedIn ?? 'no source documents a fix'}.[^1]

[^1]: First seen in ${article} of the Microsoft Knowledge Base.

${REPORT_HEADING}
`;
}

export function indexText(patterns: readonly Pattern[]): string {
  const names = Object.keys(builds);
  const rows = patterns.map((pattern) => {
    const marks = names.map((build) => (builds[build]!.includes(pattern.bug) ? '●' : ''));
    return `| [${pattern.name}](${fileOf(pattern)}) | ${pattern.article} | ${marks.join(' | ')} |`;
  });
  return `# Failure patterns
Failures of licence-metering clients that were seen in the field, each with a name, a page, a case that finds it and a switch in the reference client.
● marks the field builds that show it: \`meterproof run --client reference:sp2\` plays one. The table is written by \`scripts/patterns-doc.ts\`, which
plays every build in the case of every pattern.

| pattern | article | ${names.map((name) => name.toUpperCase()).join(' | ')} |
| --- | --- | ${names.map(() => '---').join(' | ')} |
${rows.join('\n')}
`;
}

async function play(spec: string, plans: readonly Plan[], outDir: string) {
  const options = {
    client: resolveClient(spec, at),
    time: { mode: 'in-process' },
    seed: 1,
    epochMs: Date.UTC(2026, 0, 1),
    workers: availableParallelism(),
    bail: false,
    outDir,
  } as const;
  return runSuite(plans, options, { begin() {}, result() {}, end() {} });
}

function reportOf(result: CaseResult): string {
  const report = formatFailure(result, palette(false)).replaceAll(`${packageRoot()}/`, '');
  // Where the trace of this one run was.
  const lines = report.split('\n').filter((line) => !/^\s*trace {2}/.test(line));
  return `\`\`\`\n${lines.join('\n').trim()}\n\`\`\`\n`;
}

async function main(): Promise<void> {
  const outDir = mkdtempSync(join(tmpdir(), 'meterproof-patterns-'));
  const patterns = patternsOf(meteringCases());
  const plans = patterns.flatMap(({ plan }) => plan ?? []);
  try {
    mkdirSync('docs/patterns', { recursive: true });
    for (const pattern of patterns) {
      if (!pattern.plan) throw new Error(`no case stands for ${pattern.name}`);
      const [result] = await play(`reference:${pattern.bug}`, [pattern.plan], outDir);
      if (result?.judgement.verdict !== 'fail')
        throw new Error(`${pattern.plan.id} does not fail reference:${pattern.bug}`);
      writeFileSync(
        join('docs/patterns', fileOf(pattern)),
        patternText(pattern) + reportOf(result),
      );
    }
    writeFileSync('docs/patterns/README.md', indexText(patterns));
    for (const [build, bugs] of Object.entries(builds)) {
      const results = await play(`reference:${build}`, plans, outDir);
      for (const { name, bug, plan } of patterns) {
        const failed = results.find((result) => result.plan === plan)?.judgement.verdict === 'fail';
        console.log(`${build}  ${name}  ${failed ? 'shown' : ''}`);
        if (failed === bugs.includes(bug)) continue;
        process.exitCode = 1;
        console.log(`PROBLEM  ${build} ${failed ? 'shows' : 'does not show'} ${name}`);
      }
    }
  } finally {
    rmSync(outDir, { recursive: true, force: true });
  }
}

if (process.argv[1] === import.meta.filename) await main();
