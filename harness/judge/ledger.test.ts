import t from 'tap';
import type { LedgerClaim } from '../case/plan.ts';
import { ledgerIn, OFFLINE, planOf, POSITION, traceOf } from './judge.fixture.ts';
import { checkClaim, type Ledger } from './ledger.ts';

const plan = planOf();
const END = '9h harness end\n14h harness drained';
const RECORDS = `
  record r1 word.exe 10m 15m
  record r2 word.exe 30m 35m
  record r3 excel.exe 10m 15m
  record r4 word.exe 1h10m 1h15m`;

function ledger(text: string): Ledger {
  return ledgerIn(plan, traceOf(`${RECORDS}\n0s client start run=1\n${text}\n${END}`));
}

const TWO_RUNS = '10m client RUN word.exe 5m\n30m client RUN word.exe 5m';

t.test(
  'runs and records are paired by program and start, in whatever order they are offered',
  (t) => {
    const { entries, ...sums } = ledger(
      `${TWO_RUNS}\n10m client RUN excel.exe 5m\n4h alpha.share UPLOAD r2 r3\n4h1m alpha.share UPLOAD r1`,
    );
    t.match(entries, [
      {
        client: 'client',
        program: 'word.exe',
        run: 1,
        record: 'r1',
        state: 'delivered',
        owed: true,
      },
      { program: 'excel.exe', run: 1, record: 'r3' },
      { program: 'word.exe', run: 2, record: 'r2' },
    ]);
    t.match(sums, { delivered: 3, redelivered: 0, lost: 0, unexplained: [] });
    t.end();
  },
);

t.test('what was owed and never stored is lost, what was not owed may be', (t) => {
  t.match(ledger(`${TWO_RUNS}\n4h alpha.share UPLOAD r1\n4h alpha.share UPLOAD-503 r2`), {
    delivered: 1,
    lost: 1,
    entries: [{ state: 'delivered' }, { record: 'r2', state: 'lost', deliveries: 0 }],
  });
  const killed = `30m client command id=9 name=start-program program=word.exe
    30m client answer id=9 result=ok\n31m client kill\n32m client start`;
  t.match(ledger(`10m client RUN word.exe 5m\n${killed}\n4h alpha.share UPLOAD r1`), {
    delivered: 1,
    mayBeLost: 1,
    lost: 0,
    entries: [
      { run: 1, state: 'delivered' },
      { run: 2, owed: false, state: 'may-be-lost' },
    ],
  });
  const refused =
    '30m client command id=9 name=start-program program=word.exe\n30m client answer id=9 result=error';
  t.equal(ledger(refused).entries.length, 0, 'a program that did not start is no run');
  t.end();
});

t.test('a denied run owes nothing', (t) => {
  t.same(ledger('10m client RUN word.exe 5m\n10m alpha.pipe DENY #1 word.exe').entries, []);
  t.end();
});

t.test('delivered again, and acknowledged twice', (t) => {
  const run = '10m client RUN word.exe 5m';
  t.match(ledger(`${run}\n4h alpha.share UPLOAD-LOST r1\n4h31s bravo.share UPLOAD r1`), {
    delivered: 1,
    redelivered: 1,
    acknowledgedTwice: 0,
  });
  t.match(ledger(`${run}\n4h alpha.share UPLOAD r1\n8h alpha.share UPLOAD r1`), {
    delivered: 1,
    redelivered: 1,
    acknowledgedTwice: 1,
  });
  t.end();
});

t.test('a clock that is set is taken into account; a record that no run explains is told', (t) => {
  const set = ledger(`10m client RUN word.exe 5m\n5m client clock by=20m\n50m client RUN word.exe 5m
    4h alpha.share UPLOAD r4 r2`);
  t.match(set.entries, [{ record: 'r2' }, { record: 'r4' }]);
  const more = ledger(`10m client RUN word.exe 5m\n4h alpha.share UPLOAD r1 r3`);
  t.same(more.unexplained, ['r3']);
  t.match(
    ledger(`10m client RUN word.exe 5m\n4h alpha.share UPLOAD r2`),
    { delivered: 1, unexplained: [] },
    'a time that is far off still counts by order',
  );
  t.end();
});

t.test('several clients keep several accounts', (t) => {
  const both = planOf({ clients: [OFFLINE, { ...OFFLINE, name: 'other' }] });
  const text = `${RECORDS}\n10m client RUN word.exe 5m\n10m other RUN word.exe 5m
    4h alpha.share UPLOAD r1 from=other\n${END}`;
  t.match(ledgerIn(both, traceOf(text)).entries, [
    { client: 'client', state: 'lost' },
    { client: 'other', state: 'delivered', record: 'r1' },
  ]);
  t.end();
});

t.test('a claim is checked column by column', (t) => {
  const account = ledger(`${TWO_RUNS}\n4h alpha.share UPLOAD r1`);
  const claim = (counts: LedgerClaim['counts']): LedgerClaim => ({
    counts,
    position: POSITION,
    text: 'ledger: …',
  });
  t.equal(checkClaim(claim({ delivered: 1, lost: 1, redelivered: 0 }), account), undefined);
  t.match(checkClaim(claim({ delivered: 2, lost: 0 }), account), {
    what: 'ledger',
    position: POSITION,
    expected: 'delivered=2 lost=0',
    actual: 'delivered=1 lost=1',
    by: '1 fewer delivered; 1 more lost; lost: word.exe, run 2 of client (never offered)',
  });
  t.match(checkClaim(claim({ 'acknowledged-twice': 1 }), account), {
    actual: 'acknowledged-twice=0',
  });
  t.match(checkClaim(claim({ delivered: 2 }), ledger('4h alpha.share UPLOAD r1 r3')), {
    by: '2 fewer delivered; of no run that the case commands: r1, r3',
  });
  t.end();
});

t.test('a run that goes on at a kill ends with it: the next stop is of a later run', (t) => {
  const killed = `10m client command id=9 name=start-program program=word.exe
    10m client answer id=9 result=ok\n20m client kill\n25m client start run=2\n30m client RUN word.exe 5m`;
  t.match(ledger(`${killed}\n4h alpha.share UPLOAD r2`), {
    delivered: 1,
    lost: 0,
    mayBeLost: 1,
    entries: [
      { run: 1, owed: false },
      { run: 2, record: 'r2', owed: true },
    ],
  });
  t.end();
});

t.test('who is called back is metered from the grant; a later run is granted for itself', (t) => {
  const denied =
    '0s alpha.pipe HELLO #1\n10m client RUN word.exe 5h\n10m alpha.pipe DENY #1 word.exe';
  const called = `${denied}\n30m alpha.pipe callback conn=1 program=word.exe grace=300
    30m alpha.pipe GRANT #1 word.exe alpha-1`;
  t.match(ledger(`${called}\n8h alpha.share UPLOAD r2`), {
    delivered: 1,
    lost: 0,
    entries: [{ run: 1, record: 'r2' }],
  });
  const later = `${denied}\n70m client RUN word.exe 5m\n70m alpha.pipe GRANT #1 word.exe alpha-1`;
  t.match(ledger(`${later}\n8h alpha.share UPLOAD r4`), {
    delivered: 1,
    lost: 0,
    entries: [{ run: 2, record: 'r4' }],
  });
  t.end();
});
