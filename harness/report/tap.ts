// TAP version 14. An unsupported case is skipped; what is inconclusive is not ok, and its diagnostics say so.
import { stringify } from 'tap-yaml';
import type { Finding } from '../judge/verdict.ts';
import type { CaseResult, Reporter } from '../run/result.ts';

export function tapReporter(write: (text: string) => void): Reporter {
  return {
    begin(): void {
      write('TAP version 14\n');
    },
    result(result: CaseResult, done: number): void {
      write(testPoint(result, done));
    },
    end(results: readonly CaseResult[]): void {
      // Last, so that a run that stops at its first failure has a true plan.
      write(`1..${results.length}${results.length === 0 ? ' # SKIP no case was judged' : ''}\n`);
    },
  };
}

function testPoint({ plan, judgement, ...result }: CaseResult, number: number): string {
  const { verdict, reason, findings, rules } = judgement;
  const ok = verdict === 'pass' || verdict === 'unsupported' ? 'ok' : 'not ok';
  const skip = verdict === 'unsupported' ? ` # SKIP ${oneLine(reason ?? verdict)}` : '';
  const diagnostics = {
    verdict,
    ...(reason !== undefined && { reason }),
    source: plan.source,
    clientMs: result.clientMs,
    wallMs: result.wallMs,
    rules: Object.fromEntries(rules.map(({ id, state }) => [id, state])),
    ...(findings.length > 0 && { findings: findings.map(findingOf) }),
    trace: result.tracePath,
    again: result.again,
  };
  const yaml = stringify(diagnostics).trimEnd().split('\n');
  return [
    `${ok} ${number} - ${escaped(`${plan.id}: ${plan.title}`)}${skip}`,
    ...['---', ...yaml, '...'].map((line) => `  ${line}`),
    '',
  ].join('\n');
}

function findingOf({ what, position, claim, expected, actual, by }: Finding): object {
  return {
    what,
    ...(position && { at: `${position.file}:${position.line}` }),
    claim,
    expected,
    actual,
    ...(by !== undefined && { by }),
  };
}

/** A `#` would begin a directive. */
function escaped(text: string): string {
  return oneLine(text).replaceAll(/[\\#]/g, (char) => `\\${char}`);
}

function oneLine(text: string): string {
  return text.replaceAll(/\s+/g, ' ');
}
