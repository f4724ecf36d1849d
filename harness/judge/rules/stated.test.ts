// Rules against what a profile states in place of the ways of the field: RT-2, RT-8, SWM-5, FO-5.
import t from 'tap';
import type { StatedPhase, StatedPolicy } from '../../case/plan.ts';
import { MINUTE } from '../../clock/clock.ts';
import { check, OFFLINE, ONLINE, planOf } from '../judge.fixture.ts';
import { FO_5 } from './fo-5.ts';
import { RT_2 } from './rt-2.ts';
import { RT_8 } from './rt-8.ts';
import { SWM_5 } from './swm-5.ts';

const END = '20h harness end\n25h harness drained';
const STATED: StatedPolicy = { order: 'listed', attemptsPerMinute: 10 };
const acquire = (phase: StatedPhase): StatedPolicy => ({ ...STATED, phases: { acquire: phase } });

const names = Array.from({ length: 20 }, (_, n) => `ws${n + 1}`);
const fleet = (policy: StatedPolicy | undefined, count = names.length) =>
  planOf({
    clients: names.slice(0, count).map((name) => ({ ...ONLINE, name })),
    ...(policy && { policy }),
  });
/** All fail at 1h; each comes back so many seconds later. */
const comesBack = (secondsLater: (n: number) => number, count = names.length): string =>
  names
    .slice(0, count)
    .map(
      (name, n) => `0s ${name} start run=1\n1h alpha.pipe refused from=${name}
    ${3600 + secondsLater(n)}s alpha.pipe refused from=${name}`,
    )
    .join('\n');

t.test('RT-2: a fleet comes back apart', (t) => {
  const jitter = acquire({ jitter: 0.5 });
  const apart = (n: number): number => 450 + n * 45;
  t.match(check(RT_2, fleet(jitter), `${comesBack(apart)}\n${END}`), {
    state: 'kept',
    why: '20 clients back at alpha.pipe after 1h, at most 2 within 1m30s (peak/mean 1.0)',
  });
  t.match(check(RT_2, fleet(jitter), `${comesBack(() => 900)}\n${END}`), {
    state: 'broken',
    why: 'peak/mean 10.0',
  });
  t.match(
    check(RT_2, fleet(jitter), `${comesBack((n) => 720 + n * 18)}\n${END}`),
    { state: 'kept' },
    'a fifth of the delay to each side is enough',
  );
  t.match(
    check(RT_2, fleet(undefined), `${comesBack(() => 900)}\n${END}`),
    { state: 'could-not-tell', why: /fixed pace/ },
    'who states a fixed pace comes back at once',
  );
  t.match(check(RT_2, fleet(jitter, 7), `${comesBack(() => 900, 7)}\n${END}`), {
    state: 'could-not-tell',
    why: '7 clients are no fleet: 8 are needed',
  });
  t.match(check(RT_2, fleet(jitter), `0s ws1 start run=1\n${END}`), { state: 'could-not-tell' });
  t.end();
});

t.test('RT-8: a watchdog where the profile states one', (t) => {
  const plan = planOf({ clients: [ONLINE], policy: acquire({ idleNs: 10n * MINUTE }) });
  const idle = '0s client start\n0s alpha.pipe HELLO #1';
  t.match(check(RT_8, plan, `${idle}\n${END}`), {
    state: 'broken',
    finding: { expected: /idle, 20m/ },
  });
  t.match(check(RT_8, plan, `${idle}\n15m alpha.pipe close conn=1 by=client\n${END}`), {
    state: 'kept',
    why: 'idle given up within 20m: 1 time',
  });
  t.match(
    check(RT_8, planOf({ clients: [ONLINE] }), `${idle}\n${END}`),
    { state: 'could-not-tell' },
    'it may stay idle for ever',
  );
  t.end();
});

t.test('SWM-5: only where a record stands for a run', (t) => {
  const split = `record r1 word.exe 10m 1h\nrecord r2 word.exe 1h 2h\n0s client start run=1
    10m client RUN word.exe 110m\n4h alpha.share UPLOAD r1 r2`;
  const plan = planOf({ clients: [OFFLINE] });
  t.match(check(SWM_5, plan, `${split}\n${END}`), { state: 'broken' });
  const intervals = { ...plan, policy: { ...STATED, records: 'per-interval' as const } };
  t.match(check(SWM_5, intervals, `${split}\n${END}`), {
    state: 'could-not-tell',
    why: 'the policy says that records are per-interval',
  });
  t.end();
});

t.test('FO-5: as often as the profile says, or never', (t) => {
  const back = `0s client start run=1\n10m client RUN word.exe 10h\n30m alpha down fault=refuse for=1h
    30m alpha.pipe refused\n45m alpha.pipe refused\n60m alpha.pipe refused
    61m bravo.pipe HELLO #2\n61m bravo.pipe GRANT #2 word.exe bravo-1
    2h alpha.pipe HELLO #3\n2h alpha.pipe GRANT #3 excel.exe alpha-2`;
  const by = (phase: StatedPhase) => planOf({ clients: [ONLINE], policy: acquire(phase) });
  t.match(check(FO_5, by({}), `${back}\n${END}`), { state: 'kept' });
  t.match(check(FO_5, by({ failback: 'after-probes', probes: 2 }), `${back}\n${END}`), {
    state: 'broken',
    why: '1 good answer since it failed at 1h',
  });
  t.match(check(FO_5, by({ failback: 'never' }), `${back}\n${END}`), {
    state: 'broken',
    why: 'back to alpha.pipe although bravo.pipe had not failed',
  });
  t.match(check(FO_5, by({ failback: 'at-next-acquire' }), `${back}\n${END}`), { state: 'kept' });
  t.end();
});
