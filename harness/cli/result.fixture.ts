import type { Plan } from '../case/plan.ts';
import type { RuleVerdict, Verdict } from '../judge/verdict.ts';
import type { CaseResult } from '../run/result.ts';

/** A result with an empty trace, for tests of the command line. */
export function resultOf(
  plan: Plan,
  verdict: Verdict,
  rules: readonly RuleVerdict[] = [],
): CaseResult {
  return {
    plan,
    trace: {
      header: {
        meterproof: 1,
        case: plan.id,
        client: 'reference',
        time: 'virtual',
        seed: 1,
        epoch: '2024-02-01T00:00:00.000Z',
        observer: 'virtual',
      },
      events: [],
    },
    judgement: {
      verdict,
      findings: [],
      rules,
      ledger: {
        entries: [],
        delivered: 0,
        redelivered: 0,
        acknowledgedTwice: 0,
        dropped: 0,
        refused: 0,
        mayBeLost: 0,
        lost: 0,
        unexplained: [],
      },
    },
    clientMs: 25_200_000,
    wallMs: 100,
    tracePath: `.meterproof/${plan.id}.jsonl`,
    stderrTail: [],
    again: `meterproof run ${plan.id}`,
  };
}
