// SF-1, SF-2, SF-5 and SF-6 on hand-made traces: kept, broken, could not tell.
import t from 'tap';
import { check, planOf } from '../judge.fixture.ts';
import { SF_1 } from './sf-1.ts';
import { SF_2 } from './sf-2.ts';
import { SF_5 } from './sf-5.ts';
import { SF_6 } from './sf-6.ts';

const plan = planOf();
const END = '9h harness end\n14h harness drained';
const SAVED = `
  record r1 notepad.exe 10m 15m
  record r2 notepad.exe 10m 15m
  record r3 word.exe 20m 25m
  0s client start run=1
  10m client RUN notepad.exe 5m`;

t.test('SF-1: what was said to be durable is delivered', (t) => {
  t.match(check(SF_1, plan, `${SAVED}\n4h alpha.share UPLOAD r1\n${END}`), {
    state: 'kept',
    why: '1 owed record delivered',
  });
  t.match(
    check(SF_1, plan, `${SAVED}\n10h alpha.share UPLOAD r1\n${END}`),
    { state: 'kept' },
    'in the drain',
  );
  t.match(check(SF_1, plan, `${SAVED}\n${END}`), {
    state: 'broken',
    why: 'lost: notepad.exe, run 1 of client (never offered)',
  });
  t.match(
    check(SF_1, plan, `${SAVED}\n4h alpha.share UPLOAD-503 r1\n${END}`),
    { state: 'broken' },
    'offered is not delivered',
  );
  t.match(
    check(SF_1, plan, `${SAVED}\n${END}\n14h1s alpha.share UPLOAD r1`),
    { state: 'broken' },
    'after the drain',
  );
  t.match(check(SF_1, plan, `0s client start\n${END}`), { state: 'could-not-tell' });
  t.match(
    check(SF_1, plan, `${SAVED}\n9h harness end`),
    { state: 'could-not-tell' },
    'the drain was cut off',
  );
  const killed = `0s client start\n10m client command id=1 name=start-program program=a.exe
    10m client answer id=1 result=ok\n15m client command id=2 name=stop-program program=a.exe\n15m client kill`;
  t.match(
    check(SF_1, plan, `${killed}\n${END}`),
    { state: 'could-not-tell' },
    'killed before the ok',
  );
  t.end();
});

t.test('SF-2: only the right acknowledgement ends the life of a record', (t) => {
  const again = '4h1m bravo.share UPLOAD r1';
  for (const fails of ['UPLOAD-LOST', 'UPLOAD-CUT', 'UPLOAD-503']) {
    t.match(check(SF_2, plan, `${SAVED}\n4h alpha.share ${fails} r1\n${again}\n${END}`), {
      state: 'kept',
      why: '1 record offered again after an offer that was not acknowledged',
    });
    t.match(
      check(SF_2, plan, `${SAVED}\n4h alpha.share ${fails} r1\n${END}`),
      { state: 'broken', why: /^never offered after 4h/ },
      fails,
    );
  }
  t.match(check(SF_2, plan, `${SAVED}\n4h alpha.share UPLOAD r1\n${END}`), {
    state: 'could-not-tell',
  });
  t.match(
    check(SF_2, plan, `${SAVED}\n4h alpha.share UPLOAD-OVERTAKEN r1\n${END}`),
    { state: 'could-not-tell' },
    'the acknowledgement arrived perhaps',
  );
  t.match(
    check(SF_2, plan, `${SAVED}\n10h alpha.share UPLOAD-503 r1\n${END}`),
    { state: 'could-not-tell' },
    'still under way when the drain ended',
  );
  t.end();
});

t.test('SF-5: one record, one id', (t) => {
  const lost = '4h alpha.share UPLOAD-LOST r1';
  t.match(check(SF_5, plan, `${SAVED}\n${lost}\n4h1m bravo.share UPLOAD r1\n${END}`), {
    state: 'kept',
    why: '1 record offered again under the same id',
  });
  t.match(check(SF_5, plan, `${SAVED}\n${lost}\n4h1m bravo.share UPLOAD r2\n${END}`), {
    state: 'broken',
    why: 'two ids for one run: r1, r2',
  });
  const reused = `${SAVED}\n${lost}\n4h1m bravo.share upload-offer conn=77 use=r3`.replaceAll(
    'r3',
    'r1',
  );
  t.not(check(SF_5, plan, `${reused}\n${END}`).state, 'broken', 'the same record');
  t.match(check(SF_5, plan, `${SAVED}\n4h alpha.share UPLOAD r1\n${END}`), {
    state: 'could-not-tell',
  });
  t.match(
    check(
      SF_5,
      plan,
      `${SAVED}\n10m client RUN notepad.exe 5m\n4h alpha.share UPLOAD r1 r2\n${END}`,
    ),
    { state: 'could-not-tell' },
    'two runs at one time are two records',
  );
  t.end();
});

t.test('SF-6: what was acknowledged is not sent again', (t) => {
  const done = '4h alpha.share UPLOAD r1';
  t.match(check(SF_6, plan, `${SAVED}\n${done}\n8h alpha.share PROBE\n${END}`), {
    state: 'kept',
    why: '1 acknowledged record, none sent again',
  });
  t.match(check(SF_6, plan, `${SAVED}\n${done}\n8h alpha.share UPLOAD r1\n${END}`), {
    state: 'broken',
    why: 'offered again 4h later',
  });
  t.match(
    check(SF_6, plan, `${SAVED}\n${done}\n4h10ms bravo.share UPLOAD r1\n${END}`),
    { state: 'broken' },
    'at once',
  );
  for (const excused of [
    '4h alpha.share UPLOAD-LOST r1',
    '4h alpha.share UPLOAD-CUT r1',
    '4h alpha.share UPLOAD-OVERTAKEN r1',
    `${done}\n4h500ms client kill\n4h1m client start run=2`,
  ])
    t.match(check(SF_6, plan, `${SAVED}\n${excused}\n8h bravo.share UPLOAD-503 r1\n${END}`), {
      state: 'could-not-tell',
    });
  t.match(
    check(
      SF_6,
      plan,
      `${SAVED}\n${done}\n4h2s client kill\n4h1m client start run=2\n8h bravo.share UPLOAD r1\n${END}`,
    ),
    { state: 'broken' },
    'it had lived on for a second',
  );
  t.end();
});
