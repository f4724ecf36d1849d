// SWM-5, SWM-13, SWM-14, SWM-15, SF-10 and SF-11 on hand-made traces: what becomes a usage record.
import t from 'tap';
import { check, ledgerIn, OFFLINE, planOf, traceOf } from '../judge.fixture.ts';
import { SF_1 } from './sf-1.ts';
import { SF_10 } from './sf-10.ts';
import { SF_11 } from './sf-11.ts';
import { SWM_13 } from './swm-13.ts';
import { SWM_14 } from './swm-14.ts';
import { SWM_15 } from './swm-15.ts';
import { SWM_5 } from './swm-5.ts';

const plan = planOf({ clients: [OFFLINE] });
const END = '20h harness end\n25h harness drained';
const BEGIN = '0s client start run=1';

t.test('SWM-5: one run, one record', (t) => {
  const run = `record r1 word.exe 10m 5h
    record r2 word.exe 10m 4h
    record r3 word.exe 4h 5h
    ${BEGIN}\n10m client RUN word.exe 290m`;
  t.match(check(SWM_5, plan, `${run}\n8h alpha.share UPLOAD r1\n${END}`), {
    state: 'kept',
    why: '1 record, no more than runs',
  });
  t.match(
    check(SWM_5, plan, `${run}\n4h alpha.share UPLOAD r2\n8h alpha.share UPLOAD r3\n${END}`),
    {
      state: 'broken',
      why: '2 records of 1 run',
      finding: { expected: 'at most 1 record of word.exe: it was run once' },
    },
  );
  t.match(check(SWM_5, plan, `${run}\n${END}`), { state: 'could-not-tell' });
  const acquired = `record r1 word.exe 10m 5h\n${BEGIN}\n10m client command id=1 name=acquire`;
  for (const [argument, state] of [
    [' argument=Word.exe', 'could-not-tell'],
    ['', 'could-not-tell'],
    [' argument=excel.exe', 'broken'],
  ] as const)
    t.match(
      check(SWM_5, plan, `${acquired}${argument}\n8h alpha.share UPLOAD r1\n${END}`),
      { state },
      `a library was told to acquire${argument}`,
    );
  const twice = run.replace(BEGIN, `${BEGIN}\n7h client RUN word.exe 5m`);
  t.match(check(SWM_5, plan, `${twice}\n8h alpha.share UPLOAD r2 r3\n${END}`), { state: 'kept' });
  t.end();
});

t.test('SWM-13: metering goes on while the client synchronizes', (t) => {
  const run = `record r1 word.exe 3h 5h
    record r2 word.exe 3h 17993s
    ${BEGIN}\n3h client RUN word.exe 2h\n4h alpha.share PROBE`;
  t.match(check(SWM_13, plan, `${run}\n8h alpha.share UPLOAD r1\n${END}`), {
    state: 'kept',
    why: '1 run metered whole while the client synchronized, 0 while no server answered',
  });
  t.match(check(SWM_13, plan, `${run}\n8h alpha.share UPLOAD r2\n${END}`), {
    state: 'broken',
    why: '7s lost',
    finding: { actual: '1h59m53s in record r2' },
  });
  t.match(check(SWM_13, plan, `${run}\n${END}`), {
    state: 'broken',
    why: /^not metered: word\.exe, run 1/,
  });
  const down = `record r1 word.exe 1h 2h\n${BEGIN}\n30m alpha down fault=refuse\n30m bravo down fault=refuse
    1h client RUN word.exe 1h\n3h alpha up\n4h alpha.share UPLOAD r1`;
  t.match(check(SWM_13, plan, `${down}\n${END}`), {
    state: 'kept',
    why: /1 while no server answered$/,
  });
  const quiet = `record r1 word.exe 1h 2h\n${BEGIN}\n1h client RUN word.exe 1h\n4h alpha.share UPLOAD r1`;
  t.match(check(SWM_13, plan, `${quiet}\n${END}`), { state: 'could-not-tell' });
  t.end();
});

t.test('SWM-14: hostile text is survived', (t) => {
  const name = `${'x'.repeat(200)}.exe`;
  const run = `record r1 ${name} 10m 15m\n${BEGIN}\n10m client RUN ${name} 5m`;
  t.match(check(SWM_14, plan, `${run}\n4h alpha.share UPLOAD r1\n${END}`), {
    state: 'kept',
    why: /^2 hostile texts survived: program of 204 characters/,
  });
  t.match(check(SWM_14, plan, `${run}\n11m client exit code=1\n${END}`), {
    state: 'broken',
    why: '1m later',
  });
  t.match(check(SWM_14, plan, `${run}\n4h alpha.share UPLOAD-503 r1\n${END}`), { state: 'broken' });
  const large = `${BEGIN}\n4h alpha.share connect conn=7\n4h alpha.share configuration conn=7 status=200
    4h alpha.share sent conn=7 length=3500000`;
  t.match(check(SWM_14, plan, `${large}\n${END}`), {
    state: 'kept',
    why: '1 hostile text survived: a configuration of 3500000 bytes',
  });
  t.match(check(SWM_14, plan, `${large}\n4h1s client exit signal=SIGABRT\n${END}`), {
    state: 'broken',
  });
  t.match(check(SWM_14, plan, `${BEGIN}\n10m client RUN word.exe 5m\n${END}`), {
    state: 'could-not-tell',
    why: 'no text was long or odd',
  });
  t.end();
});

const stop = (at: string, id: number, result: string): string =>
  `${at} client command id=${id} name=start-program program=word.exe
   ${at} client answer id=${id} result=ok
   ${at} client command id=${id + 1} name=stop-program program=word.exe
   ${at} client answer id=${id + 1} result=${result}`;

t.test('SWM-15: a spool that cannot be written', (t) => {
  const span = `record r1 word.exe 3h 3h\n${BEGIN}\n1h client disk state=full\n2h client disk state=free`;
  const told = stop('90m', 10, 'error');
  const after = `${stop('3h', 20, 'ok')}\n4h alpha.share UPLOAD r1`;
  t.match(check(SWM_15, plan, `${span}\n${told}\n${after}\n${END}`), {
    state: 'kept',
    why: '1 stop told truly while the spool could not be written, 1 kept after it',
  });
  t.match(check(SWM_15, plan, `${span}\n${stop('90m', 10, 'ok')}\n${after}\n${END}`), {
    state: 'broken',
    why: /^lost in silence: word\.exe, run 1/,
  });
  t.match(check(SWM_15, plan, `${span}\n${told}\n${stop('3h', 20, 'error')}\n${END}`), {
    state: 'broken',
    why: 'not resumed after 1h',
  });
  t.match(check(SWM_15, plan, `${span}\n${told}\n95m client exit code=1\n${END}`), {
    state: 'broken',
  });
  t.match(check(SWM_15, plan, `${span}\n${after}\n${END}`), { state: 'could-not-tell' });
  t.match(check(SWM_15, plan, `${BEGIN}\n${after.replace('UPLOAD r1', 'PROBE')}\n${END}`), {
    state: 'could-not-tell',
    why: 'every spool could be written',
  });
  t.end();
});

const RECORDS = [1, 2, 3, 4].map((n) => `record r${n} p${n}.exe ${n}0m ${n}5m`).join('\n');
const FOUR = [1, 2, 3, 4].map((n) => `${n}0m client RUN p${n}.exe 5m`).join('\n');
const DROPS = (count: number): string =>
  `${RECORDS}\n${BEGIN}\n${FOUR}\n46m client said event=dropped count=${count}`;

t.test('SF-10: what is dropped is counted, and from one end', (t) => {
  const upload = (...ids: readonly number[]): string =>
    `4h alpha.share UPLOAD ${ids.map((n) => `r${n}`).join(' ')}`;
  t.match(check(SF_10, plan, `${DROPS(2)}\n${upload(3, 4)}\n${END}`), {
    state: 'kept',
    why: 'dropped and counted, from one end: 2 of 4 spooled records',
  });
  t.match(
    check(SF_10, plan, `${DROPS(1)}\n${upload(1, 2, 3)}\n${END}`),
    { state: 'kept' },
    'the newest',
  );
  t.match(check(SF_10, plan, `${DROPS(2)}\n${upload(1, 4)}\n${END}`), {
    state: 'broken',
    why: 'from the middle',
  });
  t.match(check(SF_10, plan, `${DROPS(1)}\n${upload(4)}\n${END}`), {
    state: 'broken',
    why: '2 not counted',
  });
  t.match(check(SF_10, plan, `${DROPS(2)}\n${upload(1, 2, 3, 4)}\n${END}`), {
    state: 'broken',
    why: '2 counted, and delivered',
  });
  t.match(check(SF_10, plan, `${BEGIN}\n${END}`), { state: 'could-not-tell' });
  t.end();
});

t.test('the ledger counts drops apart, and no more than the client says', (t) => {
  const dropped = (text: string) => ledgerIn(plan, traceOf(`${text}\n${END}`));
  t.match(dropped(`${DROPS(2)}\n4h alpha.share UPLOAD r3 r4`), {
    delivered: 2,
    dropped: 2,
    lost: 0,
  });
  t.match(dropped(`${DROPS(1)}\n4h alpha.share UPLOAD r3 r4`), {
    delivered: 2,
    dropped: 1,
    lost: 1,
  });
  t.match(dropped(`${DROPS(9)}\n4h alpha.share UPLOAD r3 r4`), { dropped: 2, lost: 0 });
  t.match(check(SF_1, plan, `${DROPS(2)}\n4h alpha.share UPLOAD r3 r4\n${END}`), {
    state: 'kept',
    why: '2 owed records delivered, 2 dropped',
  });
  t.end();
});

t.test('SF-11: intervals do not overlap', (t) => {
  const two = `record r1 word.exe 10m 30m
    record r2 word.exe 40m 60m
    record r3 word.exe 25m 60m
    ${BEGIN}\n10m client RUN word.exe 20m\n40m client RUN word.exe 20m`;
  t.match(check(SF_11, plan, `${two}\n4h alpha.share UPLOAD r1 r2\n${END}`), {
    state: 'kept',
    why: '2 intervals, none overlapping without two runs at once',
  });
  t.match(check(SF_11, plan, `${two}\n4h alpha.share UPLOAD r1 r3\n${END}`), {
    state: 'broken',
    why: 'r3 begins 5m before r1 ends',
  });
  const atOnce = two.replace('40m client RUN word.exe 20m', '25m client RUN word.exe 35m');
  t.match(check(SF_11, plan, `${atOnce}\n4h alpha.share UPLOAD r1 r3\n${END}`), { state: 'kept' });
  t.match(check(SF_11, plan, `${two}\n4h alpha.share UPLOAD r1\n${END}`), {
    state: 'could-not-tell',
  });
  t.match(
    check(SF_11, plan, `${two}\n20m client clock by=-1h\n4h alpha.share UPLOAD r1 r3\n${END}`),
    { state: 'could-not-tell' },
    'its clock was set',
  );
  t.end();
});
