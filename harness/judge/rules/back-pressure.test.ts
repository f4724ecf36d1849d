// RT-5, RT-6, SWM-7 and SWM-8 on hand-made traces: a server that says not now, or never.
import t from 'tap';
import { check, OFFLINE, ONLINE, planOf } from '../judge.fixture.ts';
import { RT_5 } from './rt-5.ts';
import { RT_6 } from './rt-6.ts';
import { SWM_7 } from './swm-7.ts';
import { SWM_8 } from './swm-8.ts';

const plan = planOf({ clients: [OFFLINE] });
const online = planOf({ clients: [ONLINE] });
const END = '20h harness end\n25h harness drained';
const SAVED = `
  record r1 notepad.exe 10m 15m
  record r2 notepad.exe 20m 25m
  0s client start run=1
  10m client RUN notepad.exe 5m
  20m client RUN notepad.exe 5m`;

t.test('RT-5: a server that asks for silence is left alone for that long', (t) => {
  const asked = `${SAVED}\n4h alpha.share PROBE-503+7200`;
  t.match(
    check(RT_5, plan, `${asked}\n4h3ms bravo.share UPLOAD r1\n8h alpha.share PROBE\n${END}`),
    {
      state: 'kept',
      why: 'alpha.share left alone from 4h2ms to 6h2ms, next at 8h',
    },
  );
  t.match(check(RT_5, plan, `${asked}\n4h15m alpha.share PROBE\n${END}`), {
    state: 'broken',
    why: '1h45m2ms too soon',
    finding: { actual: '4h15m  alpha.share  connect' },
  });
  t.match(
    check(RT_5, plan, `${asked}\n4h6ms alpha.share UPLOAD r1\n${END}`),
    { state: 'broken' },
    'the next request of the same pass',
  );
  t.match(
    check(RT_5, plan, `${SAVED}\n4h alpha.share UPLOAD-503+7200 r1\n6h alpha.share PROBE\n${END}`),
    { state: 'kept' },
    'the time is counted from the answer, and timers are not that exact',
  );
  t.match(check(RT_5, plan, `${asked}\n5h59m59s alpha.share refused\n${END}`), { state: 'broken' });
  const hidden = check(RT_5, plan, `${asked}\n5h alpha.pipe refused\n${END}`);
  t.match(hidden, { state: 'kept' }, 'only the face that asked');
  t.end();
});

t.test('RT-5: what excuses a client', (t) => {
  const asked = `${SAVED}\n4h alpha.share PROBE-503+7200`;
  t.match(
    check(
      RT_5,
      plan,
      `${asked}\n4h10m client kill\n4h11m client start\n4h12m alpha.share PROBE\n${END}`,
    ),
    { state: 'could-not-tell' },
    'the next process need not know',
  );
  t.match(
    check(RT_5, plan, `${SAVED}\n4h alpha.share PROBE-503\n4h15m alpha.share PROBE\n${END}`),
    {
      state: 'could-not-tell',
      why: 'no server asked for silence',
    },
  );
  t.end();
});

t.test('RT-6: what was refused for good is not offered again', (t) => {
  const refused = `${SAVED}\n4h alpha.share UPLOAD-400 r1`;
  t.match(check(RT_6, plan, `${refused}\n4h3ms alpha.share UPLOAD r2\n${END}`), {
    state: 'kept',
    why: '1 refusal and 0 denials taken as final, none asked again',
  });
  for (const again of [
    'alpha.share UPLOAD-400 r1',
    'bravo.share UPLOAD r1',
    'bravo.share UPLOAD r1 r2',
  ])
    t.match(
      check(RT_6, plan, `${refused}\n4h15m ${again}\n${END}`),
      { state: 'broken', why: 'offered again 15m later' },
      again,
    );
  t.match(
    check(
      RT_6,
      plan,
      `${SAVED}\n4h alpha.share UPLOAD-413 r1 r2\n4h3ms alpha.share UPLOAD r1\n${END}`,
    ),
    { state: 'kept' },
    'a part of it is another log',
  );
  t.match(
    check(
      RT_6,
      plan,
      `${SAVED}\n4h alpha.share UPLOAD-503 r1\n4h15m alpha.share UPLOAD r1\n${END}`,
    ),
    { state: 'could-not-tell' },
    'an outage is no definite no',
  );
  t.match(
    check(
      RT_6,
      plan,
      `${refused}\n4h500ms client kill\n4h1m client start\n8h alpha.share UPLOAD-503 r1\n${END}`,
    ),
    { state: 'could-not-tell' },
    'killed before it could write that down',
  );
  const denied = `0s client start\n0s alpha.pipe HELLO #1
    10m client RUN word.exe 1h\n10m alpha.pipe DENY #1 word.exe`;
  t.match(check(RT_6, online, `${denied}\n${END}`), { state: 'kept' });
  t.match(check(RT_6, online, `${denied}\n11m alpha.pipe DENY #1 word.exe\n${END}`), {
    state: 'broken',
    why: 'a denied licence was asked for again',
  });
  t.end();
});

t.test('SWM-7: a refused login is not hammered', (t) => {
  const logins = (...minutes: readonly number[]): string =>
    minutes.map((m, n) => `${m}m alpha.pipe REFUSED-LOGIN #${n + 1}`).join('\n');
  const begin = '0s client start run=1';
  t.match(check(SWM_7, online, `${begin}\n${logins(0)}\n${END}`), {
    state: 'kept',
    why: 'alpha.pipe refused the login at 0s: 1 login in all',
  });
  t.match(check(SWM_7, online, `${begin}\n${logins(0, 15, 30)}\n${END}`), { state: 'kept' });
  t.match(check(SWM_7, online, `${begin}\n${logins(0, 15, 30, 45)}\n${END}`), {
    state: 'broken',
    why: 'login number 4, 4 refusals in all',
  });
  const restarted = `${begin}\n${logins(0, 15, 30)}\n40m client kill\n41m client start run=2
    42m alpha.pipe REFUSED-LOGIN #9`;
  t.match(check(SWM_7, online, `${restarted}\n${END}`), { state: 'kept' }, 'a restart is a change');
  const accepted = `${begin}\n${logins(0, 15, 30)}\n1h alpha.pipe HELLO #8
    2h alpha.pipe REFUSED-LOGIN #9`;
  t.match(
    check(SWM_7, online, `${accepted}\n${END}`),
    { state: 'kept' },
    'so is a login that went well',
  );
  t.match(check(SWM_7, online, `${begin}\n0s alpha.pipe HELLO #1\n${END}`), {
    state: 'could-not-tell',
  });
  t.match(
    check(SWM_7, online, `${begin}\n${logins(0)}\n1m client kill\n${END}`),
    { state: 'could-not-tell' },
    'it did not live for long enough',
  );
  t.end();
});

t.test('SWM-7: a share that refuses the account is asked once a poll', (t) => {
  const begin = '0s client start run=1';
  const once = '4h alpha.share PROBE-401\n8h alpha.share PROBE-401\n12h alpha.share PROBE-401';
  t.match(check(SWM_7, plan, `${begin}\n${once}\n${END}`), { state: 'kept' });
  t.match(
    check(SWM_7, plan, `${begin}\n4h alpha.share PROBE-401\n4h15m alpha.share PROBE-401\n${END}`),
    {
      state: 'broken',
      why: 'login number 2, 2 refusals in all',
    },
  );
  t.end();
});

const BEGIN = '0s client start\n0s alpha.pipe HELLO #1\n10m client RUN word.exe 5h';
const busyAt = (...minutes: readonly number[]): string =>
  minutes.map((m) => `${m}m alpha.pipe BUSY #1 word.exe`).join('\n');

t.test('SWM-8: a busy server is waited for at the configured pace', (t) => {
  t.match(
    check(
      SWM_8,
      online,
      `${BEGIN}\n${busyAt(10, 25)}\n40m alpha.pipe GRANT #1 word.exe alpha-1\n${END}`,
    ),
    {
      state: 'kept',
      why: 'alpha.pipe, busy at 10m, asked again at 25m, alpha.pipe, busy at 25m, asked again at 40m',
    },
  );
  t.match(check(SWM_8, online, `${BEGIN}\n${busyAt(10, 24)}\n${END}`), {
    state: 'broken',
    why: 'asked again after 14m',
  });
  const spin = [...Array(20).keys()].map((n) => `${600_000 + 2 * n}ms alpha.pipe BUSY #1 word.exe`);
  t.match(
    check(SWM_8, online, `${BEGIN}\n${spin.join('\n')}\n${END}`),
    { state: 'broken' },
    'no pause',
  );
  const named = `${BEGIN}\n10m alpha.pipe busy conn=1 retry-after=7200`;
  t.match(check(SWM_8, online, `${named}\n40m alpha.pipe RENEW #1\n${END}`), {
    state: 'broken',
    finding: { expected: /before 2h10m/ },
  });
  t.match(
    check(SWM_8, online, `${BEGIN}\n${busyAt(10)}\n600001ms alpha.pipe BUSY #1 word.exe\n${END}`),
    { state: 'kept' },
    'two questions at once',
  );
  t.match(check(SWM_8, online, `${BEGIN}\n10m alpha.pipe GRANT #1 word.exe alpha-1\n${END}`), {
    state: 'could-not-tell',
  });
  t.end();
});

t.test('SWM-8: a server that stays busy is given up', (t) => {
  const stays = `${BEGIN}\n${busyAt(10, 25, 40, 55, 70, 85)}`;
  t.match(check(SWM_8, online, `${stays}\n${END}`), {
    state: 'broken',
    why: 'the 3 attempts were used up',
    finding: { actual: '4 busy answers, no other server tried' },
  });
  const gone = `${BEGIN}\n${busyAt(10, 25, 40)}\n40m1s bravo.pipe HELLO #2\n40m1s bravo.pipe GRANT #2 word.exe bravo-1`;
  t.match(check(SWM_8, online, `${gone}\n${END}`), { state: 'kept' });
  const nowhere = `0s bravo down fault=refuse\n${stays}\n${END}`;
  t.match(check(SWM_8, online, nowhere), { state: 'kept' }, 'there is no other server');
  t.end();
});
