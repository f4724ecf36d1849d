// FO-5, FO-7 and FO-8 on hand-made traces: going back, holding on, being one holder.
import t from 'tap';
import { check, ONLINE, planOf } from '../judge.fixture.ts';
import { FO_5 } from './fo-5.ts';
import { FO_7 } from './fo-7.ts';
import { FO_8 } from './fo-8.ts';

const plan = planOf({ clients: [ONLINE] });
const END = '20h harness end\n25h harness drained';
const BEGIN = `0s client start run=1\n0s alpha.pipe HELLO #1
  10m client RUN word.exe 10h\n10m alpha.pipe GRANT #1 word.exe alpha-1`;
const SWITCHED = `${BEGIN}\n30m alpha down fault=refuse\n30m alpha.pipe reset conn=1 by=server
  30m alpha.pipe refused\n45m alpha.pipe refused\n60m alpha.pipe refused
  61m bravo.pipe HELLO #2\n61m bravo.pipe GRANT #2 word.exe bravo-1`;

t.test('FO-5: a server that is back proves itself first', (t) => {
  t.match(
    check(
      FO_5,
      plan,
      `${SWITCHED}\n2h alpha.pipe HELLO #3\n2h alpha.pipe GRANT #3 excel.exe alpha-2\n${END}`,
    ),
    { state: 'kept', why: '1 return: to alpha.pipe at 2h, 1h after it had failed' },
  );
  const blind = `${SWITCHED}\n2h alpha.pipe connect conn=3\n2h alpha.pipe received conn=3
    2h alpha.pipe lease-request conn=3 program=excel.exe`;
  t.match(check(FO_5, plan, `${blind}\n${END}`), {
    state: 'broken',
    why: '0 good answers since it failed at 1h',
  });
  const flapping = `${SWITCHED}\n2h alpha.pipe HELLO #3\n7201s alpha.pipe reset conn=3 by=server
    7202s alpha.pipe HELLO #4\n7202s alpha.pipe GRANT #4 excel.exe alpha-2`;
  t.match(check(FO_5, plan, `${flapping}\n${END}`), {
    state: 'broken',
    why: '2s after the attempt that failed',
  });
  t.match(check(FO_5, plan, `${SWITCHED}\n${END}`), {
    state: 'could-not-tell',
    why: 'no client went back to a server that it had left',
  });
  t.end();
});

t.test('FO-7: no lease lapses while its server is there', (t) => {
  const renewals = [1, 2, 3].map((h) => `${h}h10m alpha.pipe RENEW #1`).join('\n');
  t.match(check(FO_7, plan, `${BEGIN}\n${renewals}\n${END}`), {
    state: 'kept',
    why: 'alpha-1 of alpha held for 1d50m',
  });
  const lapsed = '4h alpha.pipe lease-reclaim lease=alpha-1 program=word.exe';
  t.match(check(FO_7, plan, `${BEGIN}\n${lapsed}\n${END}`), {
    state: 'broken',
    why: 'it lapsed 3h50m after it was granted',
  });
  const excuses: readonly (readonly [why: string, text: string])[] = [
    ['the server was down', `3h30m alpha down fault=refuse`],
    ['the client was dead', '3h client kill\n3h30m client start'],
    ['the login was refused', '1h alpha.pipe login-refused conn=1'],
    [
      'the server asked for silence',
      '3h alpha.pipe busy conn=1 retry-after=36000\n3h alpha.pipe sent conn=1',
    ],
    [
      'there is a licence elsewhere',
      '2h bravo.pipe HELLO #2\n2h bravo.pipe GRANT #2 word.exe bravo-1',
    ],
  ];
  for (const [why, text] of excuses)
    t.not(check(FO_7, plan, `${BEGIN}\n${text}\n${lapsed}\n${END}`).state, 'broken', why);
  const lost = BEGIN.replace('GRANT #1', 'LOST-GRANT #1');
  t.match(
    check(FO_7, plan, `${lost}\n${lapsed}\n${END}`),
    { state: 'could-not-tell' },
    'unknown to it',
  );
  t.end();
});

t.test('FO-8: one holder, one seat', (t) => {
  const crashed = `${BEGIN}\n1h client kill\n61m client start run=2\n61m alpha.pipe HELLO #2`;
  t.match(
    check(
      FO_8,
      plan,
      `${crashed}\n61m alpha.pipe RELEASE #2 alpha-1 word.exe\n2h alpha.pipe GRANT #2 word.exe alpha-2\n${END}`,
    ),
    { state: 'kept', why: '1 seat: alpha-1 given back at 1h1m after a crash' },
  );
  t.match(check(FO_8, plan, `${crashed}\n61m alpha.pipe GRANT #2 word.exe alpha-1\n${END}`), {
    state: 'kept',
    why: '1 seat: alpha-1 resumed at 1h1m after a crash',
  });
  t.match(check(FO_8, plan, `${crashed}\n61m alpha.pipe GRANT #2 word.exe alpha-2\n${END}`), {
    state: 'broken',
    why: 'two seats after a crash: alpha-1 and alpha-2',
  });
  const cut = `${BEGIN}\n1h alpha.pipe reset conn=1 by=server\n1h alpha.pipe HELLO #2`;
  t.match(check(FO_8, plan, `${cut}\n1h alpha.pipe GRANT #2 word.exe alpha-2\n${END}`), {
    state: 'broken',
    why: /after a broken connection/,
  });
  const restarted = (state: string): string =>
    `${BEGIN}\n1h alpha restart state=${state}\n1h1s alpha.pipe HELLO #2\n1h1s alpha.pipe GRANT #2 word.exe alpha-9`;
  t.match(check(FO_8, plan, `${restarted('kept')}\n${END}`), { state: 'broken' });
  t.match(
    check(FO_8, plan, `${restarted('lost')}\n${END}`),
    { state: 'could-not-tell' },
    'the server has forgotten the first',
  );
  t.match(
    check(FO_8, plan, `${BEGIN}\n20m alpha.pipe GRANT #1 excel.exe alpha-2\n${END}`),
    { state: 'could-not-tell' },
    'another program is another seat',
  );
  t.match(
    check(FO_8, plan, `${SWITCHED}\n${END}`),
    { state: 'could-not-tell' },
    'a switch is no second holder',
  );
  t.end();
});
