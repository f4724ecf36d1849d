// SWM-10, SWM-11 and SWM-12 on hand-made traces: forbidden programs, callbacks, licences that are checked out.
import t from 'tap';
import { check, OFFLINE, ONLINE, planOf } from '../judge.fixture.ts';
import { FO_3 } from './fo-3.ts';
import { SWM_10 } from './swm-10.ts';
import { SWM_11 } from './swm-11.ts';
import { SWM_12 } from './swm-12.ts';

const END = '20h harness end\n25h harness drained';
const BEGIN = '0s client start run=1';
const online = planOf({ clients: [ONLINE] });

t.test('SWM-10: a forbidden program leaves no record', (t) => {
  const plan = planOf({ clients: [OFFLINE], forbidden: ['game.exe'] });
  const told = `record r1 game.exe 5h 6h\n${BEGIN}\n4h alpha.share CONFIG\n5h client RUN game.exe 1h`;
  t.match(check(SWM_10, plan, `${told}\n${END}`), {
    state: 'kept',
    why: '1 run of forbidden programs left no usage record',
  });
  t.match(check(SWM_10, plan, `${told}\n8h alpha.share UPLOAD r1\n${END}`), {
    state: 'broken',
    why: 'it ran, and its usage was recorded',
  });
  t.match(
    check(
      SWM_10,
      plan,
      `${told.replace('CONFIG', 'CONFIG-503')}\n8h alpha.share UPLOAD r1\n${END}`,
    ),
    { state: 'could-not-tell' },
    'it was never told',
  );
  const renamed = `record r1 letter.exe 5h 6h\n${BEGIN}\n4h alpha.share CONFIG
    5h client command id=1 name=start-program program=letter.exe originalName=GAME.EXE
    5h client answer id=1 result=ok
    6h client command id=2 name=stop-program program=letter.exe\n6h client answer id=2 result=ok`;
  t.match(check(SWM_10, plan, `${renamed}\n8h alpha.share UPLOAD r1\n${END}`), { state: 'broken' });
  t.match(check(SWM_10, plan, `${renamed}\n${END}`), { state: 'kept' });
  t.match(check(SWM_10, planOf(), `${told}\n${END}`), { state: 'could-not-tell' });
  t.end();
});

t.test('SWM-10: a server that says so at once', (t) => {
  const plan = planOf({ clients: [ONLINE], forbidden: ['game.exe'] });
  const said = `record r1 game.exe 10m 70m\n${BEGIN}\n0s alpha.pipe HELLO #1\n10m client RUN game.exe 1h
    10m alpha.pipe lease-request conn=1 program=game.exe
    10m alpha.pipe lease-deny conn=1 program=game.exe why=forbidden`;
  t.match(check(SWM_10, plan, `${said}\n${END}`), { state: 'kept' });
  t.match(check(SWM_10, plan, `${said}\n4h alpha.share UPLOAD r1\n${END}`), { state: 'broken' });
  t.end();
});

const DENIED = `${BEGIN}\n0s alpha.pipe HELLO #1\n10m client RUN word.exe 5h\n10m alpha.pipe DENY #1 word.exe
  10m alpha.pipe callback-request conn=1 program=word.exe
  60m alpha.pipe callback conn=1 program=word.exe grace=300\n60m alpha.pipe sent conn=1`;

t.test('SWM-11: who is called back asks in time, once', (t) => {
  const asked = `${DENIED}\n61m alpha.pipe GRANT #1 word.exe alpha-2`;
  t.match(check(SWM_11, online, `${asked}\n${END}`), {
    state: 'kept',
    why: 'alpha called at 1h for word.exe, asked 1m later',
  });
  t.not(check(FO_3, online, `${asked}\n${END}`).state, 'broken', 'that is no second question');
  t.match(check(SWM_11, online, `${DENIED}\n${END}`), {
    state: 'broken',
    why: 'the call was lost',
  });
  t.match(check(SWM_11, online, `${DENIED}\n66m alpha.pipe GRANT #1 word.exe alpha-2\n${END}`), {
    state: 'broken',
    why: '1m too late',
  });
  t.match(check(SWM_11, online, `${asked}\n62m alpha.pipe GRANT #1 word.exe alpha-2\n${END}`), {
    state: 'broken',
    why: 'asked twice',
  });
  t.match(
    check(SWM_11, online, `${DENIED.replace('word.exe 5h', 'word.exe 30m')}\n${END}`),
    { state: 'could-not-tell' },
    'nobody wants it any more',
  );
  t.match(check(SWM_11, online, `${BEGIN}\n${END}`), { state: 'could-not-tell' });
  t.end();
});

const OUT = `${BEGIN}\n0s alpha.pipe HELLO #1\n10m alpha.pipe lease-checkout conn=1 program=word.exe lease=alpha-1`;
const RESTARTED = `${OUT}\n1h client kill\n2h client start run=2\n2h alpha.pipe HELLO #2`;

t.test('SWM-12: a checked-out licence outlives the client', (t) => {
  t.match(check(SWM_12, online, `${RESTARTED}\n${END}`), {
    state: 'kept',
    why: 'alpha-1 of alpha over the restart at 2h',
  });
  t.match(
    check(
      SWM_12,
      online,
      `${RESTARTED}\n2h alpha.pipe lease-checkin conn=2 lease=alpha-1 program=word.exe by=client\n${END}`,
    ),
    { state: 'broken', why: 'the licence was given back at the restart' },
  );
  t.match(
    check(SWM_12, online, `${RESTARTED}\n2h alpha.pipe RELEASE #2 alpha-1 word.exe\n${END}`),
    {
      state: 'broken',
    },
  );
  t.match(check(SWM_12, online, `${RESTARTED}\n3h alpha.pipe GRANT #2 word.exe alpha-2\n${END}`), {
    state: 'broken',
    why: 'it had forgotten the licence',
  });
  const wished = `${RESTARTED}\n5h client command id=1 name=check-in program=word.exe
    5h alpha.pipe lease-checkin conn=2 lease=alpha-1 program=word.exe by=client`;
  t.match(check(SWM_12, online, `${wished}\n${END}`), { state: 'kept' }, 'the user wants it');
  const over = `${RESTARTED}\n5h alpha.pipe lease-checkin lease=alpha-1 program=word.exe by=server
    6h alpha.pipe GRANT #2 word.exe alpha-2`;
  t.match(check(SWM_12, online, `${over}\n${END}`), { state: 'kept' }, 'its time is over');
  t.match(check(SWM_12, online, `${OUT}\n${END}`), { state: 'could-not-tell' }, 'no restart');
  t.end();
});
