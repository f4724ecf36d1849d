// SWM-1 to SWM-4 on hand-made traces: kept, broken, could not tell.
import t from 'tap';
import { MINUTE } from '../../clock/clock.ts';
import { check, OFFLINE, ONLINE, planOf } from '../judge.fixture.ts';
import { SWM_1 } from './swm-1.ts';
import { SWM_2 } from './swm-2.ts';
import { SWM_3 } from './swm-3.ts';
import { SWM_4 } from './swm-4.ts';

const plan = planOf({ clients: [OFFLINE] });
const online = planOf({ clients: [ONLINE] });
const END = '20h harness end\n25h harness drained';
const SAVED = `
  record r1 notepad.exe 10m 15m
  0s client start run=1
  10m client RUN notepad.exe 5m`;
const DOWN = '0s alpha down fault=refuse';

t.test('SWM-1: saved usage goes to the next server', (t) => {
  const moved = `${SAVED}
    ${DOWN}
    4h alpha.share refused
    4h1ms bravo.share PROBE
    4h4ms bravo.share UPLOAD r1
    ${END}`;
  t.match(check(SWM_1, plan, moved), { state: 'kept', why: '1 failover: alpha to bravo at 4h6ms' });

  const stayed = check(
    SWM_1,
    plan,
    `${SAVED}
    ${DOWN}
    4h alpha.share refused
    4h15m alpha.share refused
    ${END}`,
  );
  t.match(stayed, {
    state: 'broken',
    finding: {
      what: 'SWM-1',
      expected: /^upload-offer on bravo\.share by 4h4m5s$/,
      actual: '4h15m  alpha.share  refused',
      index: 6,
    },
  });
  const asked = `${SAVED}
    ${DOWN}
    4h alpha.share refused
    4h1ms bravo.share PROBE
    4h4ms bravo.share CONFIG
    ${END}`;
  t.match(
    check(SWM_1, plan, asked),
    { state: 'broken' },
    'to ask the next server is not to upload',
  );
  t.end();
});

t.test('SWM-1: every way to be unavailable counts, a lost acknowledgement too', (t) => {
  for (const fails of [
    'HANG',
    'RESET',
    'PROBE-503',
    'UPLOAD-LOST r1',
    'UPLOAD-503 r1',
    'UPLOAD-CUT r1',
  ])
    t.match(
      check(SWM_1, plan, `${SAVED}\n4h alpha.share ${fails}\n${END}`),
      { state: 'broken' },
      fails,
    );
  t.match(
    check(SWM_1, plan, `${SAVED}\n4h alpha.share HANG\n4h1m alpha.share UPLOAD r1\n${END}`),
    { state: 'broken' },
    'the same server again is not the next one',
  );
  t.match(
    check(SWM_1, plan, `${SAVED}\n4h alpha.share UPLOAD r1\n4h5ms alpha.share HANG\n${END}`),
    { state: 'could-not-tell' },
    'what was acknowledged waits for nobody',
  );
  t.end();
});

t.test('SWM-1: nothing is owed where nothing better could be done', (t) => {
  const reasons: readonly (readonly [why: string, text: string])[] = [
    [
      'both are down',
      `${DOWN}\n0s bravo down fault=refuse\n4h alpha.share refused\n4h1ms bravo.share refused`,
    ],
    [
      'the next one fell a minute later',
      `${DOWN}\n4h alpha.share refused\n4h1m bravo down fault=hang`,
    ],
    ['it was the last of the list', '0s bravo down fault=refuse\n4h bravo.share refused'],
    ['the client was killed', `${DOWN}\n4h alpha.share refused\n4h1ms client kill`],
    ['nothing was tried', ''],
  ];
  for (const [why, text] of reasons)
    t.match(check(SWM_1, plan, `${SAVED}\n${text}\n${END}`), { state: 'could-not-tell' }, why);
  t.match(check(SWM_1, online, `${SAVED}\n${DOWN}\n4h alpha.share refused\n${END}`), {
    state: 'could-not-tell',
    why: 'no client of this case is offline',
  });
  t.match(
    check(SWM_1, plan, `0s client start\n${DOWN}\n4h alpha.share refused\n${END}`),
    { state: 'could-not-tell' },
    'nothing was saved',
  );
  t.match(check(SWM_1, plan, `${SAVED}\n${DOWN}\n${END}`, false), { missing: 'observer' });
  t.end();
});

const CONNECTED = `
  0s client start run=1
  0s alpha.pipe HELLO #1`;
const LOST = `
  10m alpha down fault=refuse
  10m alpha.pipe reset conn=1 by=server`;
const TRIED = '20m alpha.pipe refused\n35m alpha.pipe refused\n50m alpha.pipe refused';
const AT_BRAVO = '50m1ms bravo.pipe HELLO #2\n50m3ms bravo.pipe GRANT #2 word.exe bravo-1';

t.test('SWM-2: online stays with the assigned server while it answers', (t) => {
  const stays = `${CONNECTED}\n20m client RUN word.exe 2h\n20m alpha.pipe GRANT #1 word.exe alpha-1\n${END}`;
  t.match(check(SWM_2, online, stays), {
    state: 'kept',
    why: '1 lease-request to the assigned server',
  });
  t.match(check(SWM_2, online, `${CONNECTED}\n${LOST}\n${TRIED}\n${AT_BRAVO}\n${END}`), {
    state: 'kept',
    why: '0 lease-requests to the assigned server, 1 elsewhere after it had failed',
  });

  t.match(check(SWM_2, online, `${CONNECTED}\n${AT_BRAVO}\n${END}`), {
    state: 'broken',
    finding: {
      by: 'alpha.pipe had answered at 0s and not failed since',
      actual: /^50m3ms {2}bravo/,
    },
  });
  t.match(check(SWM_2, online, `0s client start\n${AT_BRAVO}\n${END}`), {
    state: 'broken',
    why: 'alpha.pipe had not been tried',
  });
  const back = `${CONNECTED}\n${LOST}\n${TRIED}\n${AT_BRAVO}
    1h alpha up fault=refuse\n1h5m alpha.pipe HELLO #3\n2h bravo.pipe GRANT #2 excel.exe bravo-2\n${END}`;
  t.match(check(SWM_2, online, back), { state: 'broken' }, 'a new request after its return');
  const denied = `${CONNECTED}\n20m alpha.pipe DENY #1 word.exe\n21m bravo.pipe HELLO #2\n21m bravo.pipe GRANT #2 word.exe b-1\n${END}`;
  t.match(check(SWM_2, online, denied), { state: 'broken' }, 'a denial is an answer');

  t.match(check(SWM_2, online, `${CONNECTED}\n${END}`), { state: 'could-not-tell' });
  const unseen = `0s client start\n0s alpha down fault=refuse\n${AT_BRAVO}\n${END}`;
  t.match(check(SWM_2, online, unseen, false), { state: 'could-not-tell', missing: 'observer' });
  t.end();
});

t.test('SWM-3: all attempts, spaced, before a switch', (t) => {
  t.match(check(SWM_3, online, `${CONNECTED}\n${LOST}\n${TRIED}\n${AT_BRAVO}\n${END}`), {
    state: 'kept',
    why: '3 attempts on alpha.pipe (20m, 35m, 50m) before bravo.pipe',
  });

  const hasty = `${CONNECTED}\n${LOST}\n20m alpha.pipe refused\n${AT_BRAVO}\n${END}`;
  t.match(check(SWM_3, online, hasty), {
    state: 'broken',
    why: '1 attempt on alpha.pipe before it (20m), 2 too few',
    finding: { actual: /lease-request/ },
  });
  const two = `${CONNECTED}\n${LOST}\n20m alpha.pipe refused\n35m alpha.pipe refused\n${AT_BRAVO}\n${END}`;
  t.match(check(SWM_3, online, two), { state: 'broken' }, 'one too few');
  const close = `${CONNECTED}\n${LOST}\n20m alpha.pipe refused\n35m alpha.pipe refused\n40m alpha.pipe refused\n${AT_BRAVO}\n${END}`;
  t.match(check(SWM_3, online, close), {
    state: 'broken',
    why: '5m after the attempt before: 10m too soon',
    finding: { marginNs: 10n * MINUTE - 1_000_000_000n },
  });
  const again = `${CONNECTED}\n${LOST}\n${TRIED}\n55m alpha.pipe HELLO #3\n56m alpha.pipe reset conn=3 by=server
    56m1ms bravo.pipe HELLO #2\n56m3ms bravo.pipe GRANT #2 word.exe bravo-1\n${END}`;
  t.match(
    check(SWM_3, online, again),
    { state: 'broken', why: /^0 attempts/ },
    'each outage counts anew',
  );
  const bothDown = `${CONNECTED}\n${LOST}\n20m alpha.pipe refused\n20m1ms bravo.pipe refused\n${END}`;
  t.match(check(SWM_3, online, bothDown), { state: 'broken' }, 'a next server that is down, too');

  t.match(check(SWM_3, online, `${CONNECTED}\n${LOST}\n${TRIED}\n${END}`), {
    state: 'could-not-tell',
  });
  t.match(check(SWM_3, online, hasty, false), { state: 'could-not-tell', missing: 'observer' });
  t.end();
});

t.test(
  'SWM-3: silence and lost answers are attempts, an old connection that fell silent is none',
  (t) => {
    const silent = [20, 35, 50]
      .map(
        (minute, place) =>
          `${minute}m alpha.pipe connect conn=${10 + place}\n${minute}m alpha.pipe SILENT #${10 + place}`,
      )
      .join('\n');
    const after = '50m31s bravo.pipe HELLO #2\n50m31s bravo.pipe GRANT #2 word.exe bravo-1';
    t.match(
      check(SWM_3, online, `${CONNECTED}\n19m alpha.pipe SILENT #1\n${silent}\n${after}\n${END}`),
      {
        state: 'kept',
        why: /^3 attempts/,
      },
    );
    const lost = [20, 35, 50]
      .map(
        (minute, place) =>
          `${minute}m alpha.pipe HELLO #${10 + place}\n${minute}m1ms alpha.pipe LOST-GRANT #${10 + place} word.exe alpha-1`,
      )
      .join('\n');
    t.match(
      check(SWM_3, online, `0s client start\n${lost}\n${after}\n${END}`),
      { state: 'kept' },
      'a welcome alone is no success',
    );
    t.match(
      check(
        SWM_3,
        online,
        `${CONNECTED}\n19m alpha.pipe SILENT #1\n20m alpha.pipe refused\n35m alpha.pipe refused\n${after}\n${END}`,
      ),
      { state: 'broken', why: /^2 attempts/ },
    );
    t.end();
  },
);

const SWITCHED = `${CONNECTED}
  1m client RUN word.exe 12h
  1m alpha.pipe GRANT #1 word.exe alpha-1
  ${LOST}
  10m1ms alpha.pipe refused\n25m alpha.pipe refused\n40m alpha.pipe refused
  40m1ms bravo.pipe HELLO #2\n40m3ms bravo.pipe GRANT #2 word.exe bravo-1`;

t.test('SWM-4: the seat on the first server is released once it is back', (t) => {
  const back = '2h alpha up fault=refuse\n2h10m alpha.pipe HELLO #3';
  const released = `${SWITCHED}\n${back}\n2h10m1ms alpha.pipe RELEASE #3 alpha-1 word.exe\n${END}`;
  t.match(check(SWM_4, online, released), {
    state: 'kept',
    why: 'alpha-1 on alpha released at 2h10m1ms',
  });
  t.match(check(SWM_4, online, `${SWITCHED}\n${back}\n${END}`), {
    state: 'broken',
    why: 'two seats for word.exe: alpha-1 and bravo-1',
    finding: { expected: /by 2h19m5s: it was back at 2h$/ },
  });
  t.match(
    check(SWM_4, online, `${SWITCHED}\n${back}\n5h alpha.pipe RELEASE #3 alpha-1 word.exe\n${END}`),
    { state: 'broken', why: '2h40m55s too late' },
  );
  t.match(
    check(
      SWM_4,
      online,
      `${SWITCHED.replace('alpha-1', 'alpha-1\n1m alpha.pipe malformed #1 why=unexpected')}\n${back}\n${END}`,
    ),
    { state: 'could-not-tell' },
    'nobody gives back what he does not know of',
  );
  t.match(
    check(SWM_4, online, `${SWITCHED}\n20h harness end\n25h harness drained`),
    { state: 'broken' },
    'the end of the play brings it back',
  );

  t.match(
    check(SWM_4, online, `${SWITCHED}\n${back}\n2h5m alpha down fault=refuse\n20h harness end`),
    {
      state: 'could-not-tell',
      why: 'alpha did not come back for long enough',
    },
  );
  t.match(
    check(SWM_4, online, `${SWITCHED}\n1h alpha.pipe lease-reclaim lease=alpha-1\n${back}\n${END}`),
    {
      state: 'could-not-tell',
      why: 'alpha-1 on alpha was taken back by the server',
    },
  );
  t.match(check(SWM_4, online, `${CONNECTED}\n${END}`), { state: 'could-not-tell' });
  t.end();
});

t.test(
  'SWM-2 and SWM-3: a busy answer is a failed attempt, also on a connection that stands',
  (t) => {
    const begin = '0s client start\n0s alpha.pipe HELLO #1\n10m client RUN word.exe 5h';
    const busy = (...minutes: readonly number[]): string =>
      minutes.map((m) => `${m}m alpha.pipe BUSY #1 word.exe`).join('\n');
    const moved = '41m bravo.pipe HELLO #2\n41m bravo.pipe GRANT #2 word.exe bravo-1';
    t.match(check(SWM_3, online, `${begin}\n${busy(10, 25, 40)}\n${moved}\n${END}`), {
      state: 'kept',
    });
    t.match(check(SWM_2, online, `${begin}\n${busy(10, 25, 40)}\n${moved}\n${END}`), {
      state: 'kept',
    });
    t.match(check(SWM_3, online, `${begin}\n${busy(10, 40)}\n${moved}\n${END}`), {
      state: 'broken',
      why: '2 attempts on alpha.pipe before it (10m, 40m), 1 too few',
    });
    t.end();
  },
);
