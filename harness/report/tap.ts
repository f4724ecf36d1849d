// TAP version 14. An unsupported case is skipped, a known failure is to be done (TODO); what is inconclusive is not ok.
import { stringify } from 'tap-yaml';
import type { Finding } from '../judge/verdict.ts';
import type { CaseResult, Reporter, RunInfo, Summary } from '../run/result.ts';

export function tapReporter(write: (text: string) => void): Reporter {
  return {
    begin({ client, time, timeWhy, seed, epoch, leavesOpen }: RunInfo): void {
      write('TAP version 14\n');
      write(`# client ${oneLine(client)}\n# time ${time}, ${oneLine(timeWhy)}\n`);
      write(`# seed ${seed}, epoch ${epoch}\n`);
      if (leavesOpen !== undefined) write(`# ${oneLine(leavesOpen)}\n`);
    },
    result(result: CaseResult, done: number): void {
      write(testPoint(result, done));
    },
    end(results: readonly CaseResult[], { problems = [] }: Summary): void {
      for (const [index, problem] of problems.entries())
        write(`not ok ${results.length + index + 1} - ${escaped(problem)}\n`);
      const count = results.length + problems.length;
      // Last, so that a run that stops at its first failure has a true plan.
      write(`1..${count}${count === 0 ? ' # SKIP no case was judged' : ''}\n`);
    },
  };
}

function testPoint({ plan, judgement, trace, ...result }: CaseResult, number: number): string {
  const { verdict, reason, known, findings, rules } = judgement;
  const ok = verdict === 'pass' || verdict === 'unsupported' ? 'ok' : 'not ok';
  const skip = verdict === 'unsupported' ? ` # SKIP ${oneLine(reason ?? verdict)}` : '';
  const todo = known === undefined ? '' : ` # TODO ${oneLine(known)}`;
  const diagnostics = {
    verdict,
    ...(reason !== undefined && { reason }),
    ...(result.notes && { notes: result.notes }),
    ...(known !== undefined && { known }),
    source: plan.source,
    clientMs: result.clientMs,
    wallMs: result.wallMs,
    rules: Object.fromEntries(rules.map(({ id, state }) => [id, state])),
    ...(findings.length > 0 && { findings: findings.map(findingOf) }),
    time: trace.header.time,
    seed: trace.header.seed,
    epoch: trace.header.epoch,
    trace: result.tracePath,
    again: result.again,
  };
  const yaml = stringify(diagnostics).trimEnd().split('\n');
  return [
    `${ok} ${number} - ${escaped(`${plan.id}: ${plan.title}`)}${skip}${todo}`,
    ...['---', ...yaml, '...'].map((line) => `  ${line}`),
    '',
  ].join('\n');
}

function findingOf(finding: Finding): object {
  const { what, version, source, position, claim, expected, actual, by } = finding;
  return {
    what,
    ...(version !== undefined && { version }),
    ...(source !== undefined && { source }),
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
