// RT-3, RT-7 and RT-8 on hand-made traces: how long, and how often, a client tries in vain.
import t from 'tap';
import { check, OFFLINE, ONLINE, planOf } from '../judge.fixture.ts';
import { RT_3 } from './rt-3.ts';
import { RT_7 } from './rt-7.ts';
import { RT_8 } from './rt-8.ts';

const plan = planOf({ clients: [OFFLINE] });
const online = planOf({ clients: [ONLINE] });
const END = '20h harness end\n25h harness drained';
const SAVED = `
  record r1 notepad.exe 10m 15m
  0s client start run=1
  10m client RUN notepad.exe 5m`;
const RUNS = '0s client start run=1\n10m client RUN word.exe 10h';
const accepted = (minutes: number, conn: number): string =>
  `${minutes}m alpha.pipe connect conn=${conn}\n${minutes}m alpha.pipe reset conn=${conn} by=server`;

t.test('RT-3: a connect is not yet an answer', (t) => {
  const spaced = `0s alpha down fault=reset\n${[10, 25, 40].map(accepted).join('\n')}`;
  t.match(check(RT_3, online, `${RUNS}\n${spaced}\n41m bravo.pipe HELLO #9\n${END}`), {
    state: 'kept',
    why: '2 connections on alpha.pipe without a useful answer, next after 15m, 15m',
  });
  const hasty = `0s alpha down fault=reset\n${[10, 11].map(accepted).join('\n')}`;
  t.match(check(RT_3, online, `${RUNS}\n${hasty}\n${END}`), {
    state: 'broken',
    why: '1m after it: a mere connect is no reason to begin anew',
  });
  const forever = `0s alpha down fault=reset\n${[10, 25, 40, 55, 70, 85].map(accepted).join('\n')}`;
  t.match(check(RT_3, online, `${RUNS}\n${forever}\n${END}`), {
    state: 'broken',
    why: 'the count began anew with each connect',
  });
  const dropped = `10m alpha.pipe HELLO #1\n605s alpha.pipe reset conn=1 by=server\n606s alpha.pipe HELLO #2`;
  t.match(
    check(RT_3, online, `${RUNS}\n${dropped}\n${END}`),
    { state: 'broken' },
    'a welcome is not enough',
  );
  const lasted = `10m alpha.pipe HELLO #1\n11m alpha.pipe reset conn=1 by=server\n11m1s alpha.pipe HELLO #2`;
  t.match(
    check(RT_3, online, `${RUNS}\n${lasted}\n${END}`),
    { state: 'could-not-tell' },
    'it had lasted',
  );
  t.match(check(RT_3, plan, `${SAVED}\n4h alpha.share UPLOAD r1\n${END}`), {
    state: 'could-not-tell',
  });
  t.end();
});

t.test('RT-7: a pass over the list ends', (t) => {
  const down = '0s alpha down fault=refuse\n0s bravo down fault=refuse';
  t.match(
    check(
      RT_7,
      plan,
      `${SAVED}\n${down}\n4h alpha.share refused\n4h1ms bravo.share refused\n${END}`,
    ),
    { state: 'kept', why: 'all shares tried within 1ms from 4h' },
  );
  t.match(
    check(
      RT_7,
      plan,
      `${SAVED}\n${down}\n4h alpha.share refused\n4h15m alpha.share refused\n${END}`,
    ),
    {
      state: 'broken',
      finding: { actual: 'not tried: bravo' },
    },
  );
  const slow = [10, 25, 40].map((m) => `${m}m alpha.pipe refused`).join('\n');
  t.match(check(RT_7, online, `${RUNS}\n${down}\n${slow}\n41m bravo.pipe refused\n${END}`), {
    state: 'kept',
    why: 'all pipes tried within 31m from 10m',
  });
  t.match(check(RT_7, online, `${RUNS}\n${down}\n${slow}\n${END}`), { state: 'broken' });
  t.match(check(RT_7, online, `${RUNS}\n${down}\n${slow}\n${END}`, false), {
    state: 'could-not-tell',
    missing: 'observer',
  });
  t.match(
    check(RT_7, online, `${RUNS}\n10m alpha.pipe refused\n25m alpha.pipe HELLO #1\n${END}`),
    { state: 'could-not-tell' },
    'the server was back before the end of the pass',
  );
  t.match(
    check(RT_7, plan, `${SAVED}\n${down}\n4h alpha.share PROBE-503+36000\n${END}`),
    { state: 'could-not-tell' },
    'RT-5 wins',
  );
  t.end();
});

t.test('RT-8: what is silent is given up', (t) => {
  t.match(check(RT_8, plan, `${SAVED}\n4h alpha.share HANG\n4h30s bravo.share UPLOAD r1\n${END}`), {
    state: 'kept',
    why: 'handshake given up within 30s: 1 time',
  });
  const never = `${SAVED}\n4h alpha.share connect conn=7\n4h alpha.share swallowed conn=7`;
  t.match(check(RT_8, plan, `${never}\n${END}`), {
    state: 'broken',
    finding: { actual: 'it was never given up' },
  });
  t.match(check(RT_8, plan, `${never}\n4h5m alpha.share reset conn=7 by=client\n${END}`), {
    state: 'broken',
    why: '4m26s too late',
  });
  const onPipe = '0s client start\n0s alpha.pipe HELLO #1\n10m alpha.pipe swallowed conn=1';
  t.match(check(RT_8, online, `${onPipe}\n630s alpha.pipe reset conn=1 by=client\n${END}`), {
    state: 'kept',
    why: 'answer given up within 30s: 1 time',
  });
  t.match(check(RT_8, online, `${onPipe}\n${END}`), { state: 'broken' });
  t.match(check(RT_8, online, `0s client start\n0s alpha.pipe HELLO #1\n${END}`), {
    state: 'could-not-tell',
    why: 'no connection fell silent',
  });
  t.match(
    check(RT_8, online, `${onPipe}\n11m alpha.pipe reset conn=1 by=server\n${END}`),
    { state: 'could-not-tell' },
    'the server ended it',
  );
  t.end();
});

t.test('RT-8: a connect that nobody answers, and a cable that nobody sees', (t) => {
  const hole = `${SAVED}\n0s alpha down fault=black-hole\n4h alpha.share unanswered`;
  t.match(check(RT_8, plan, `${hole}\n14430s bravo.share UPLOAD r1\n${END}`), {
    state: 'kept',
    why: 'connect given up within 30s: 1 time',
  });
  t.match(check(RT_8, plan, `${hole}\n4h5m bravo.share UPLOAD r1\n${END}`), { state: 'broken' });
  const gone = `0s client start\n0s alpha.pipe HELLO #1\n9m alpha down fault=half-open
    10m alpha.pipe swallowed conn=1`;
  t.match(check(RT_8, online, `${gone}\n${END}`), { state: 'could-not-tell' });
  t.end();
});
