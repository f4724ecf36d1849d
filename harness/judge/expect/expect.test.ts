import t from 'tap';
import type { ExpectItem } from '../../case/plan.ts';
import { MINUTE, SECOND } from '../../clock/clock.ts';
import type { Finding } from '../verdict.ts';
import { eventsOf, line, POSITION } from '../judge.fixture.ts';
import { checkExpect } from './check.ts';

/** What breaks the expected lines on that trace; undefined: nothing. */
function found(items: readonly ExpectItem[], text: string, whole = true): Finding | undefined {
  return checkExpect(items, eventsOf(text), whole).finding;
}

const END = '9h harness end';
const REFUSED = line('4h..4h1m', 'alpha.share refused', '{1..2}');
const OFFER = line('..+2m', 'bravo.share upload-offer records=1');
const TAKEN = [REFUSED, OFFER, line('..+1s', 'bravo.share upload-accept records=1')];

t.test('the trace that is expected breaks nothing', (t) => {
  const rest = `
    4h2ms bravo.share upload-offer records=1
    4h2ms bravo.share upload-accept records=1
    ${END}`;
  t.notOk(found(TAKEN, `4h alpha.share refused\n${rest}`));
  t.notOk(
    found(TAKEN, `4h alpha.share refused\n4h1ms alpha.share refused\n${rest}`),
    'two will do',
  );
  t.notOk(
    found(
      TAKEN,
      `1h alpha.share refused\n4h alpha.share refused\n4h bravo.share probe status=200\n${rest}`,
    ),
    'other events, and other times, are free',
  );
  t.end();
});

t.test('what does not come is missing, with what matched and what could have come', (t) => {
  const finding = found(TAKEN, `4h alpha.share refused\n4h15m alpha.share refused\n${END}`)!;
  t.match(finding, {
    what: 'expect',
    position: POSITION,
    claim: OFFER.text,
    expected: '1 × bravo.share upload-offer records=1 from 4h to 4h2m',
    actual: '0 of 1 came by 4h2m',
    index: 0,
    matched: ['4h..4h1m  alpha.share refused  {1..2}  (at 4h)'],
  });
  t.same(
    finding.legalNext,
    [
      'alpha.share refused from 4h to 4h1m, optional',
      'bravo.share upload-offer records=1 from 4h to 4h2m',
    ],
    'not the line behind the one that is missing',
  );
  t.equal(finding.marginNs, 5n * 60n * MINUTE - 2n * MINUTE, 'jitter would have to be five hours');
  t.end();
});

t.test('what comes too late or too soon is told by how much', (t) => {
  const late = found(
    TAKEN,
    `4h alpha.share refused\n4h5m bravo.share upload-offer records=1\n${END}`,
  )!;
  t.match(late, {
    actual: '4h5m  bravo.share  upload-offer  records=1 (0 of 1 came in time)',
    by: '3m too late',
    marginNs: 3n * MINUTE,
  });
  const soon = found([REFUSED], `3h59m58s alpha.share refused\n${END}`)!;
  t.match(soon, { by: '2s too soon', marginNs: 2n * SECOND });
  t.end();
});

t.test('what came before the play went on is no answer to it, and not too soon', (t) => {
  const early = `3ms alpha.share refused
    1h alpha down fault=refuse`;
  const finding = found([REFUSED], `${early}\n${END}`)!;
  t.match(finding, {
    actual: '0 of 1 came by 4h1m; before: 3ms  alpha.share  refused',
    by: '1 missing',
    index: 1,
  });
  t.match(
    found([REFUSED], `${early}\n3h59m alpha.share refused\n${END}`),
    { by: '1m too soon' },
    'one that came after the step is',
  );
  t.end();
});

t.test('an order that is turned round is broken', (t) => {
  const turned = `
    4h bravo.share upload-offer records=1
    4h1ms alpha.share refused
    ${END}`;
  t.match(found(TAKEN, turned), { claim: OFFER.text, by: '1ms too soon' });
  t.end();
});

t.test('what happens in the instant of a match, but before it, lies before the next line', (t) => {
  const instant = `
    4h bravo.share upload-offer records=2
    4h alpha.share refused
    4h1ms bravo.share upload-offer records=1
    ${END}`;
  t.notOk(found([REFUSED, OFFER], instant));
  t.end();
});

t.test('within its window the kind of event that a line names is closed', (t) => {
  const more = '4h alpha.share refused\n4h1s alpha.share refused\n4h2s alpha.share refused';
  t.match(found([REFUSED], `${more}\n${END}`), {
    actual: '4h2s  alpha.share  refused',
    by: 'one more than 2',
    marginNs: 2n * SECOND,
    index: 2,
  });
  t.match(
    found(
      [line('4h..5h', 'alpha.share upload-offer records=1')],
      `4h alpha.share upload-offer records=2\n${END}`,
    ),
    { by: 'records=2 instead of 1', actual: '4h  alpha.share  upload-offer  records=2' },
    'the same kind with other fields',
  );
  t.match(
    found(
      TAKEN,
      `4h alpha.share refused\n4h2ms bravo.share upload-offer records=1\n4h3ms alpha.share refused\n${END}`,
    ),
    { by: 'it came after the line behind it had matched' },
    'a line is closed when the next one matches',
  );
  t.match(found([line('..', 'alpha.share refused', '{0}')], `3h alpha.share refused\n${END}`), {
    by: 'one more than 0',
  });
  t.notOk(
    found([REFUSED], `4h alpha.share refused\n4h alpha.pipe refused\n${END}`),
    'not on the other face',
  );
  t.end();
});

t.test('a line without a maximum takes all, until the next one matches', (t) => {
  const items = [
    line('4h..6h', 'alpha.share refused', '{1..}'),
    line('6h..8h5m', 'alpha.share upload-accept'),
  ];
  const many = '4h alpha.share refused\n4h15m alpha.share refused\n4h30m alpha.share refused';
  t.notOk(found(items, `${many}\n8h alpha.share upload-accept\n${END}`));
  t.match(found(items, `${many}\n${END}`), { actual: '0 of 1 came by 8h5m' });
  t.match(found(items, `8h alpha.share upload-accept\n${END}`), { actual: '0 of 1 came by 6h' });
  t.end();
});

t.test('optional lines may stay empty', (t) => {
  const items = [REFUSED, line('..', 'alpha.share unanswered', '{0..1}'), OFFER];
  t.notOk(found(items, `4h alpha.share refused\n4h1m bravo.share upload-offer records=1\n${END}`));
  t.match(
    found(items, `4h alpha.share refused\n${END}`)?.legalNext?.map(
      (text) => text.split(' from')[0],
    ),
    ['alpha.share refused', 'alpha.share unanswered', 'bravo.share upload-offer records=1'],
  );
  t.end();
});

t.test('every checks each gap, and its window only the first match', (t) => {
  const tries = line('10m..20m5s', 'alpha.pipe refused', '{3}', {
    name: 'try',
    every: { gap: 15n * MINUTE, tolerance: MINUTE },
  });
  const items = [tries, line('..+16m', 'bravo.pipe lease-request program=word.exe')];
  const spaced = '20m alpha.pipe refused\n35m alpha.pipe refused\n50m alpha.pipe refused';
  const asked = '50m10ms bravo.pipe lease-request program=word.exe';
  t.notOk(found(items, `${spaced}\n${asked}\n${END}`));
  t.notOk(
    found(items, `${spaced}\n${asked}\n1h5m alpha.pipe refused\n${END}`),
    'free after the last',
  );
  t.match(
    found(
      items,
      `20m alpha.pipe refused\n25m alpha.pipe refused\n35m alpha.pipe refused\n50m alpha.pipe refused\n${asked}\n${END}`,
    ),
    { by: '5m after the one before: 9m too soon', marginNs: 9n * MINUTE, index: 1 },
    'the second gap',
  );
  t.match(
    found(
      items,
      `20m alpha.pipe refused\n35m alpha.pipe refused\n52m alpha.pipe refused\n${asked}\n${END}`,
    ),
    { claim: tries.text, by: '1m too late' },
    'the last gap',
  );
  t.match(
    found(
      items,
      `20m alpha.pipe refused\n20m10ms bravo.pipe lease-request program=word.exe\n${END}`,
    ),
    { claim: tries.text, actual: '1 of 3 came by 36m' },
    'a client that moves on at once',
  );
  t.end();
});

t.test('a block in any order', (t) => {
  const items: readonly ExpectItem[] = [
    {
      kind: 'any-order',
      lines: [line('4h..5h', 'alpha.share probe'), line('4h..5h', 'bravo.share probe')],
      position: POSITION,
    },
    line('..+1m', 'alpha.share configuration'),
  ];
  const last = '4h2m alpha.share configuration';
  t.notOk(
    found(
      items,
      `4h alpha.share probe\n4h1m bravo.share probe\n4h1m30s alpha.share configuration\n${END}`,
    ),
  );
  t.notOk(
    found(items, `4h bravo.share probe\n4h1m alpha.share probe\n${last}\n${END}`),
    'counted from the last',
  );
  t.match(found(items, `4h alpha.share probe\n4h1s alpha.share configuration\n${END}`), {
    claim: '4h..5h  bravo.share probe  {1}',
  });
  t.end();
});

t.test('a variable binds once', (t) => {
  const items = [
    line('4h..4h1m', 'alpha.share upload-accept record=$r'),
    line('..+4h5m', '* upload-offer record=$r'),
  ];
  const records = 'record r1 a.exe 1m 2m\nrecord r2 b.exe 1m 2m';
  const first = '4h alpha.share upload-accept use=r1';
  t.notOk(
    found(items, `${records}\n${first}\n8h bravo.share upload-offer use=r2,r1\n${END}`),
    'any record of an upload',
  );
  t.match(found(items, `${records}\n${first}\n8h bravo.share upload-offer use=r2\n${END}`), {
    by: 'record=r2 instead of r1',
  });
  t.end();
});

t.test('anchors are matches of named lines', (t) => {
  const items = (window: string): readonly ExpectItem[] => [
    line('1h..3h', 'alpha.share refused', '{2}', { name: 'down' }),
    line(window, 'bravo.share probe'),
  ];
  const trace = `1h alpha.share refused\n2h alpha.share refused\n2h10m bravo.share probe\n${END}`;
  t.notOk(found(items('@down..@down+10m'), trace), 'the last match');
  t.notOk(found(items('@down.first+1h10m..'), trace), 'the first match');
  t.match(found(items('@down.first..@down.first+1h9m'), trace), { by: '1m too late' });
  t.end();
});

t.test(
  'lines see nothing behind the end, and a trace that was cut off misses nothing that could still come',
  (t) => {
    t.match(found([line('4h..', 'alpha.share probe')], END), { actual: '0 of 1 came by the end' });
    t.notOk(found([line('4h..5h', 'alpha.share probe')], '4h30m alpha.share refused', false));
    t.match(found([line('4h..5h', 'alpha.share probe')], '6h alpha.share refused', false), {
      actual: '0 of 1 came by 5h',
    });
    t.end();
  },
);
