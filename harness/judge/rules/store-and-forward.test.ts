// SF-1 to SF-9 on hand-made traces: kept, broken, could not tell.
import t from 'tap';
import { check, planOf } from '../judge.fixture.ts';
import { SF_1 } from './sf-1.ts';
import { SF_2 } from './sf-2.ts';
import { SF_3 } from './sf-3.ts';
import { SF_4 } from './sf-4.ts';
import { SF_5 } from './sf-5.ts';
import { SF_6 } from './sf-6.ts';
import { SF_7 } from './sf-7.ts';
import { SF_8 } from './sf-8.ts';
import { SF_9 } from './sf-9.ts';

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

t.test('SF-3: what was spooled is sent after a restart', (t) => {
  const killed = `${SAVED}\n1h client kill\n2h client start run=2`;
  t.match(check(SF_3, plan, `${killed}\n6h alpha.share UPLOAD r1\n${END}`), {
    state: 'kept',
    why: '1 spooled record offered after 1 restart',
  });
  t.match(check(SF_3, plan, `${killed}\n${END}`), {
    state: 'broken',
    why: 'not sent: notepad.exe, run 1 of client (never offered)',
  });
  t.match(
    check(SF_3, plan, `${killed}\n8h alpha.share UPLOAD r1\n${END}`),
    { state: 'broken' },
    'late',
  );
  t.match(
    check(
      SF_3,
      plan,
      `${SAVED}\n4h alpha.share UPLOAD r1\n5h client kill\n6h client start\n${END}`,
    ),
    { state: 'could-not-tell', why: 'no client was restarted while it had saved usage' },
    'it had been acknowledged',
  );
  const downFor = `${killed}\n2h alpha down fault=refuse\n2h bravo down fault=refuse`;
  t.match(
    check(SF_3, plan, `${downFor}\n6h alpha.share refused\n10h alpha.share UPLOAD r1\n${END}`),
    { state: 'kept' },
    'no server was up any sooner',
  );
  t.match(check(SF_3, plan, `${SAVED}\n1h client kill\n${END}`), { state: 'could-not-tell' });
  t.end();
});

t.test('SF-4: all that is pending moves on', (t) => {
  const two = `${SAVED}\n20m client RUN word.exe 5m\n0s alpha down fault=refuse\n4h alpha.share refused`;
  t.match(check(SF_4, plan, `${two}\n4h1ms bravo.share UPLOAD r1 r3\n${END}`), {
    state: 'kept',
    why: '2 pending records moved to the next server in 1 failover',
  });
  t.match(check(SF_4, plan, `${two}\n4h1ms bravo.share UPLOAD r1\n${END}`), {
    state: 'broken',
    why: 'left behind: word.exe, run 1 of client (never offered)',
  });
  t.match(check(SF_4, plan, `${two}\n4h1ms bravo.share PROBE\n${END}`), { state: 'broken' });
  t.match(check(SF_4, plan, `${SAVED}\n4h alpha.share UPLOAD r1\n${END}`), {
    state: 'could-not-tell',
  });
  const fresh = `${SAVED}\n0s alpha down fault=refuse\n3h58m client RUN word.exe 1m
    record r9 word.exe 3h58m 3h59m\n4h alpha.share refused\n4h1ms bravo.share UPLOAD r1`;
  t.match(check(SF_4, plan, `${fresh}\n${END}`), { state: 'kept' }, 'saved while the pass went on');
  t.end();
});

t.test('SF-7: only what was not accepted is sent again', (t) => {
  const part = `${SAVED}\n20m client RUN word.exe 5m\n4h alpha.share UPLOAD-PART-503 r1 r3`;
  t.match(check(SF_7, plan, `${part}\n4h15m alpha.share UPLOAD r3\n${END}`), {
    state: 'kept',
    why: '1 upload accepted in part: nothing of it sent again but 1 record that was not accepted',
  });
  t.match(check(SF_7, plan, `${part}\n4h15m alpha.share UPLOAD r1 r3\n${END}`), {
    state: 'broken',
    why: 'what was accepted was sent again with what was not',
  });
  t.match(check(SF_7, plan, `${part}\n${END}`), {
    state: 'broken',
    why: 'what was not accepted was forgotten',
  });
  const final = part.replace('PART-503', 'PART-400');
  t.match(check(SF_7, plan, `${final}\n${END}`), { state: 'kept' }, 'refused for good');
  t.match(check(SF_7, plan, `${SAVED}\n4h alpha.share UPLOAD r1\n${END}`), {
    state: 'could-not-tell',
  });
  t.end();
});

t.test('SF-8: what stands behind a refused record goes through', (t) => {
  const poison = `${SAVED}\n20m client RUN word.exe 5m\n4h alpha.share UPLOAD-400 r1`;
  t.match(check(SF_8, plan, `${poison}\n4h3ms alpha.share UPLOAD r3\n${END}`), {
    state: 'kept',
    why: '1 record went through behind what was refused for good',
  });
  t.match(check(SF_8, plan, `${poison}\n4h15m alpha.share UPLOAD-400 r1\n${END}`), {
    state: 'broken',
    why: 'held up: word.exe, run 1 of client (never offered)',
  });
  t.match(check(SF_8, plan, `${SAVED}\n4h alpha.share UPLOAD-400 r1\n${END}`), {
    state: 'could-not-tell',
    why: 'nothing else waited when a record was refused for good',
  });
  t.match(
    check(SF_8, plan, `${poison}\n5h client kill\n${END}`),
    { state: 'could-not-tell' },
    'it did not live on',
  );
  t.match(check(SF_8, plan, `${SAVED}\n4h alpha.share UPLOAD-503 r1\n${END}`), {
    state: 'could-not-tell',
  });
  t.end();
});

t.test('SF-9: a batch that is too large is not offered again as it was', (t) => {
  const large = `${SAVED}\n20m client RUN word.exe 5m\n4h alpha.share UPLOAD-413 r1 r3`;
  t.match(
    check(SF_9, plan, `${large}\n4h3ms alpha.share UPLOAD r1\n4h6ms alpha.share UPLOAD r3\n${END}`),
    {
      state: 'kept',
      why: 'r1-r3, 2 records at 4h2ms: 2 smaller offers',
    },
  );
  t.match(
    check(SF_9, plan, `${large}\n${END}`),
    { state: 'kept', why: /not offered again$/ },
    'set aside',
  );
  t.match(check(SF_9, plan, `${large}\n4h15m alpha.share UPLOAD-413 r1 r3\n${END}`), {
    state: 'broken',
    why: 'offered again as it was, 15m later',
  });
  t.match(
    check(SF_9, plan, `${large}\n4h3ms bravo.share UPLOAD-413 r1 r3\n${END}`),
    { state: 'broken' },
    'nor to another server',
  );
  t.match(check(SF_9, plan, `${large}\n4h500ms client kill\n${END}`), { state: 'could-not-tell' });
  t.match(check(SF_9, plan, `${SAVED}\n4h alpha.share UPLOAD r1\n${END}`), {
    state: 'could-not-tell',
  });
  t.end();
});
