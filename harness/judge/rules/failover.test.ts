// FO-1 to FO-4 and FO-6 on hand-made traces: kept, broken, could not tell.
import t from 'tap';
import { check, OFFLINE, ONLINE, planOf } from '../judge.fixture.ts';
import { FO_1 } from './fo-1.ts';
import { FO_2 } from './fo-2.ts';
import { FO_3 } from './fo-3.ts';
import { FO_4 } from './fo-4.ts';
import { FO_6 } from './fo-6.ts';

const plan = planOf({ servers: ['alpha', 'bravo', 'charlie'] });
const two = planOf({ clients: [OFFLINE] });
const online = planOf({ clients: [ONLINE], servers: ['alpha', 'bravo', 'charlie'] });
const END = '20h harness end\n25h harness drained';
const START = '0s client start run=1';
const SAVED = `record r1 notepad.exe 10m 15m\n${START}\n10m client RUN notepad.exe 5m`;

t.test('FO-1: offline, each pass goes through the list from its beginning', (t) => {
  const inOrder = `4h alpha.share refused\n4h1ms bravo.share refused\n4h2ms charlie.share PROBE
    8h alpha.share PROBE`;
  t.match(check(FO_1, plan, `${START}\n${inOrder}\n${END}`), {
    state: 'kept',
    why: 'in order to bravo.share at 4h1ms, charlie.share at 4h2ms',
  });
  const wrong: readonly (readonly [why: string, text: string, by: string])[] = [
    ['skips', '4h alpha.share refused\n4h1ms charlie.share PROBE', 'bravo passed over'],
    ['begins behind', '4h bravo.share PROBE', 'alpha passed over'],
    [
      'goes back',
      '4h alpha.share refused\n4h1ms bravo.share refused\n4h2ms charlie.share refused\n4h3ms bravo.share PROBE',
      'alpha passed over',
    ],
    [
      'forgets after a restart',
      '4h alpha.share refused\n4h1m client kill\n4h1m client start\n4h2m bravo.share PROBE',
      'alpha passed over',
    ],
  ];
  for (const [why, text, by] of wrong)
    t.match(check(FO_1, plan, `${START}\n${text}\n${END}`), { state: 'broken', why: by }, why);
  t.match(
    check(
      FO_1,
      plan,
      `${START}\n4h alpha.share PROBE-503\n4h1ms bravo.share refused\n4h2ms charlie.share refused\n4h15m bravo.share PROBE\n${END}`,
    ),
    { state: 'kept' },
    'a server that asked for silence may be passed over',
  );
  t.match(check(FO_1, plan, `${START}\n4h alpha.share PROBE\n${END}`), { state: 'could-not-tell' });
  t.match(
    check(FO_1, plan, `${START}\n0s alpha down fault=refuse\n4h bravo.share PROBE\n${END}`, false),
    { state: 'kept' },
    'an attempt that could not be seen may have been made',
  );
  t.end();
});

t.test('FO-1: online, one after the other, and back at any time', (t) => {
  const fine = `0s alpha.pipe refused\n15m bravo.pipe refused\n30m charlie.pipe HELLO #1
    45m alpha.pipe refused\n50m charlie.pipe refused\n1h alpha.pipe HELLO #2\n2h bravo.pipe refused`;
  t.match(check(FO_1, online, `${START}\n${fine}\n${END}`), { state: 'kept' });
  const skips = '0s alpha.pipe refused\n15m charlie.pipe HELLO #1';
  t.match(check(FO_1, online, `${START}\n${skips}\n${END}`), {
    state: 'broken',
    why: 'bravo passed over',
  });
  const newRound = `0s alpha.pipe refused\n15m bravo.pipe refused\n1h alpha.pipe HELLO #2\n2h charlie.pipe refused`;
  t.match(
    check(FO_1, online, `${START}\n${newRound}\n${END}`),
    { state: 'broken' },
    'a new outage, a new round',
  );
  t.end();
});

t.test('FO-2: offline, on every kind of failure', (t) => {
  const next = '4h1m bravo.share UPLOAD r1';
  const kinds = {
    refused: 'refusal',
    unanswered: 'silence',
    HANG: 'silence',
    RESET: 'reset',
    GARBAGE: 'garbage',
    'PROBE-503': '5xx',
    'UPLOAD-CUT r1': 'cut',
  };
  for (const [fails, kind] of Object.entries(kinds)) {
    t.match(check(FO_2, two, `${SAVED}\n4h alpha.share ${fails}\n${next}\n${END}`), {
      state: 'kept',
      why: `failed over on ${kind} once`,
    });
    t.match(check(FO_2, two, `${SAVED}\n4h alpha.share ${fails}\n${END}`), {
      state: 'broken',
      why: `no failover on ${kind}`,
    });
  }
  t.match(check(FO_2, two, `${SAVED}\n4h alpha.share UPLOAD r1\n${END}`), {
    state: 'could-not-tell',
  });
  t.match(check(FO_2, two, `${SAVED}\n4h alpha down fault=refuse\n${END}`, false), {
    missing: 'observer',
  });
  t.end();
});

t.test('FO-2: online, when the attempts are used up and a program needs a licence', (t) => {
  const needed = `${START}\n1m client RUN word.exe 12h`;
  const tried = '1m alpha.pipe refused\n16m alpha.pipe refused\n31m alpha.pipe refused';
  const bravo = '31m1ms bravo.pipe HELLO #2\n31m3ms bravo.pipe GRANT #2 word.exe bravo-1';
  t.match(check(FO_2, online, `${needed}\n${tried}\n${bravo}\n46m alpha.pipe refused\n${END}`), {
    state: 'kept',
    why: 'failed over on refusal once',
  });
  t.match(check(FO_2, online, `${needed}\n${tried}\n46m alpha.pipe refused\n${END}`), {
    state: 'broken',
    finding: { actual: '46m  alpha.pipe  refused' },
  });
  const idle = `${START}\n${tried}\n${END}`;
  t.match(check(FO_2, online, idle), { state: 'could-not-tell' }, 'no program runs');
  const offline = `${needed}\n0s bravo down fault=refuse\n0s charlie down fault=refuse\n${tried}
    31m1ms bravo.pipe refused\n46m alpha.pipe refused\n40m bravo up fault=refuse\n1h1m alpha.pipe refused\n${END}`;
  t.match(
    check(FO_2, online, offline),
    { state: 'could-not-tell' },
    'offline, it tries the assigned server only',
  );
  t.end();
});

t.test('FO-3: a denial is final for its run, an outage is no denial', (t) => {
  const denied = `${START}\n0s alpha.pipe HELLO #1\n10m client RUN word.exe 1h\n10m alpha.pipe DENY #1 word.exe`;
  t.match(check(FO_3, online, `${denied}\n${END}`), {
    state: 'kept',
    why: '1 denial taken as final, 0 runs metered without an answer',
  });
  t.match(
    check(
      FO_3,
      online,
      `${denied}\n11m bravo.pipe HELLO #2\n11m bravo.pipe GRANT #2 word.exe b-1\n${END}`,
    ),
    {
      state: 'broken',
      why: 'asked bravo instead',
    },
  );
  t.match(check(FO_3, online, `${denied}\n25m alpha.pipe DENY #1 word.exe\n${END}`), {
    state: 'broken',
    why: 'asked the same server again',
  });
  t.match(
    check(
      FO_3,
      online,
      `${denied}\n2h client RUN word.exe 1h\n2h alpha.pipe DENY #1 word.exe\n${END}`,
    ),
    { state: 'kept' },
    'the user may start it again',
  );
  t.match(
    check(FO_3, online, `${denied}\n20m alpha.pipe GRANT #1 excel.exe alpha-1\n${END}`),
    { state: 'kept' },
    'another program',
  );
  const outage = `record r1 word.exe 10m 70m\n${START}\n10m client RUN word.exe 1h\n10m alpha.pipe refused`;
  t.match(check(FO_3, online, `${outage}\n${END}`), {
    state: 'broken',
    finding: { actual: 'no record of it was ever offered' },
  });
  t.match(check(FO_3, online, `${outage}\n8h alpha.share UPLOAD r1\n${END}`), {
    state: 'kept',
    why: '0 denials taken as final, 1 run metered without an answer',
  });
  t.match(check(FO_3, online, `${START}\n${END}`), { state: 'could-not-tell' });
  t.end();
});

t.test('FO-4: renewal and release go where the licence was granted', (t) => {
  const granted = `${START}\n0s alpha.pipe HELLO #1\n0s alpha.pipe GRANT #1 word.exe alpha-1\n0s bravo.pipe HELLO #2`;
  t.match(
    check(
      FO_4,
      online,
      `${granted}\n1h alpha.pipe RENEW #1\n2h alpha.pipe RELEASE #1 alpha-1 word.exe\n${END}`,
    ),
    { state: 'kept', why: '2 messages about a licence, each to the server that granted it' },
  );
  t.match(check(FO_4, online, `${granted}\n2h bravo.pipe RELEASE #2 alpha-1 word.exe\n${END}`), {
    state: 'broken',
    finding: {
      expected: 'lease-release on alpha, which granted alpha-1',
      by: 'bravo granted no such lease',
    },
  });
  t.match(check(FO_4, online, `${granted}\n1h bravo.pipe RENEW #2\n${END}`), {
    state: 'broken',
    why: 'bravo granted nothing',
  });
  const out = 'bravo.pipe lease-checkout #2 program=word.exe lease=bravo-1 from=client';
  t.match(
    check(FO_4, online, `${granted}\n30m ${out}\n1h bravo.pipe RENEW #2\n${END}`),
    { state: 'kept' },
    'what is checked out is granted too',
  );
  t.match(check(FO_4, online, `${granted}\n1h bravo.pipe RENEW #2\n2h ${out}\n${END}`), {
    state: 'broken',
  });
  t.match(check(FO_4, online, `${granted}\n${END}`), { state: 'could-not-tell' });
  t.end();
});

t.test('FO-6: the primary that returns alone is found', (t) => {
  const down = '0s alpha down fault=refuse\n0s bravo down fault=refuse';
  const tried = '4h alpha.share refused\n4h1ms bravo.share refused';
  const back = `${SAVED}\n${down}\n${tried}\n6h alpha up fault=refuse`;
  t.match(check(FO_6, two, `${back}\n8h alpha.share UPLOAD r1\n${END}`), {
    state: 'kept',
    why: 'alpha.share, back at 6h, used at 8h2ms',
  });
  t.match(check(FO_6, two, `${back}\n8h bravo.share refused\n12h bravo.share refused\n${END}`), {
    state: 'broken',
    finding: { actual: 'it was never used again' },
  });
  t.match(check(FO_6, two, `${back}\n11h alpha.share UPLOAD r1\n${END}`), {
    state: 'broken',
    why: '55m55s2ms too late',
  });
  const unclear: readonly (readonly [why: string, text: string])[] = [
    ['another one returns', `${back}\n7h bravo up fault=refuse`],
    ['it falls again', `${back}\n7h alpha down fault=refuse`],
    ['nothing is saved', `${START}\n${down}\n${tried}\n6h alpha up fault=refuse`],
    ['not all were down', `${SAVED}\n0s alpha down fault=refuse\n6h alpha up fault=refuse`],
    ['only the end lifts the faults', `${SAVED}\n${down}`],
  ];
  for (const [why, text] of unclear)
    t.match(check(FO_6, two, `${text}\n${END}`), { state: 'could-not-tell' }, why);
  const running = `${START}\n1m client RUN word.exe 19h\n${down}\n1m alpha.pipe refused\n6h alpha up fault=refuse`;
  const pair = planOf({ clients: [ONLINE] });
  t.match(check(FO_6, pair, `${running}\n6h10m alpha.pipe HELLO #1\n${END}`), { state: 'kept' });
  t.match(check(FO_6, pair, `${running}\n${END}`), { state: 'broken' });
  t.end();
});
