import type { Plan } from '../case/plan.ts';
import { judge } from '../judge/judge.ts';
import { line, planOf, traceOf } from '../judge/judge.fixture.ts';
import type { CaseResult, RunInfo } from '../run/result.ts';

const SAVED = `
  record r1 notepad.exe 10m 15m
  0s client start run=1
  0s alpha down fault=refuse
  10m client RUN notepad.exe 5m`;
const END = '7h harness end\n12h harness drained';
export const PASSES = `${SAVED}\n4h alpha.share refused\n4h1ms bravo.share UPLOAD r1\n${END}`;
export const FAILS = `${SAVED}\n4h alpha.share refused\n4h15m alpha.share refused\n${END}`;
export const UNSUPPORTED = `0s client answer id=0 result=unsupported why=offline\n${END}`;
export const INCONCLUSIVE = `${SAVED}\n4h alpha.share refused`;

export const INFO: RunInfo = {
  client: 'reference:rtm',
  time: 'virtual',
  timeWhy: 'auto: the best that its profile allows',
  seed: 1,
  epoch: '2024-02-01T00:00:00.000Z',
  total: 2,
  workers: 1,
};

/** What came of one case with that trace, judged for real. */
export function resultOf(text: string, changes: Partial<Plan> = {}): CaseResult {
  const plan = planOf({
    id: 'offline/primary-refuses',
    title: 'an offline client uploads to the next server',
    pattern: 'PRIMARY-FIXATION',
    rules: ['SWM-1'],
    expect: [
      line('4h..4h1m', 'alpha.share refused', '{1..2}'),
      line('..+2m', 'bravo.share upload-offer records=1'),
    ],
    ...changes,
  });
  const trace = traceOf(text);
  return {
    plan,
    trace,
    judgement: judge(plan, trace),
    clientMs: 43_200_000,
    wallMs: 210,
    tracePath: '.meterproof/offline/primary-refuses.jsonl',
    stderrTail: ['last words'],
    again: 'meterproof run offline/primary-refuses --client reference:rtm',
  };
}
