import t from 'tap';
import { loadCase } from '../case/load.ts';
import { DIALECTS } from '../dialects.ts';
import type { TraceEvent } from '../trace/event.ts';
import { judge } from './judge.ts';
import { rounded } from './rounded.ts';

t.test('a second and more is told in milliseconds, and nothing else is changed', (t) => {
  const pairs: readonly (readonly [exact: string, told: string])[] = [
    ['gaps 1s517ms481us267ns, 2s7ns and 3 more', 'gaps 1s517ms, 2s and 3 more'],
    ['1h2m3s4ms5us', '1h2m3s4ms'],
    ['-2s5us', '-2s'],
    ['1m1ns (by 1d2us)', '1m (by 1d)'],
    ['27ms888us85ns', '27ms888us85ns'],
    ['517ms 12us 1s517ms', '517ms 12us 1s517ms'],
    ['x1s5us 1s5usx r1 10.5s3us', 'x1s5us 1s5usx r1 10.5s3us'],
  ];
  for (const [exact, told] of pairs) t.equal(rounded(exact), told);
  t.end();
});

t.test('a verdict on real time is told so, one on virtual time to the nanosecond', (t) => {
  const plan = loadCase(
    'title: x\nsource: x\nservers: [alpha]\nplay: |\n  0s client start\n  1m end\nnever: |\n  0s..1m alpha refused\n',
    'suites/x/y.yaml',
    { rules: new Set(), dialects: Object.values(DIALECTS) },
  );
  const event = (at: bigint, actor: string, name: string, face?: string): TraceEvent => ({
    at,
    actor,
    event: name,
    fields: {},
    ...(face && { face, from: 'client' }),
  });
  const events = [
    event(0n, 'client', 'start'),
    event(1_517_481_267n, 'alpha', 'refused', 'pipe'),
    event(60_000_000_000n, 'harness', 'end'),
    event(61_000_000_000n, 'harness', 'drained'),
  ];
  const told = (time: string): string => {
    const epoch = '2026-01-01T00:00:00.000Z';
    const said = { case: 'x', client: 'x', time, seed: 1, epoch, observer: 'node' } as const;
    const { findings } = judge(plan, { header: { meterproof: 1, ...said }, events }, { rules: [] });
    return findings.map(({ actual }) => actual).join();
  };
  t.match(told('virtual'), '1s517ms481us267ns');
  t.match(told('real'), /^1s517ms /);
  t.match(told('scaled:60'), /^1s517ms /);
  t.end();
});
