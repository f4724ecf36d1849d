import fc from 'fast-check';
import t from 'tap';
import { HOUR, MINUTE, SECOND } from '../../clock/clock.ts';
import type { TraceEvent } from '../../trace/event.ts';
import { formatEvent } from '../../trace/format.ts';
import { caseWith, caseWithLine, expectedLine, load, check } from '../case.fixture.ts';
import { eventMatches } from '../match.ts';

const FIRST = '  try: 4h  alpha.share  connect\n';

t.test(
  'a window has two bounds, each of which may be left out, or is one time ± the tolerance',
  (t) => {
    const window = (text: string): object => expectedLine(`${text}  alpha  connect`, FIRST).window;
    const at = (time: bigint): object => ({ kind: 'time', at: time });
    const after = (delay: bigint): object => ({ kind: 'after-previous', delay });
    const anchor = (which: string, delay: bigint): object => ({
      kind: 'anchor',
      name: 'try',
      which,
      delay,
    });
    t.same(window('4h..4h1m'), { from: at(4n * HOUR), to: at(4n * HOUR + MINUTE) });
    t.same(window('..+2m'), { to: after(2n * MINUTE) });
    t.same(window('+1m..'), { from: after(MINUTE) });
    t.same(window('..'), {});
    t.same(window('4h..@try-5m'), { from: at(4n * HOUR), to: anchor('last', -5n * MINUTE) });
    t.same(window('@try.first..@try+5m'), {
      from: anchor('first', 0n),
      to: anchor('last', 5n * MINUTE),
    });
    t.same(window('5h'), { from: at(5n * HOUR - SECOND), to: at(5n * HOUR + SECOND) });
    t.same(window('0s'), { from: at(0n), to: at(SECOND) }, 'nothing is before the beginning');
    t.same(window('+1m'), { from: after(59n * SECOND), to: after(61n * SECOND) });
    t.same(window('@try+1m'), {
      from: anchor('last', 59n * SECOND),
      to: anchor('last', 61n * SECOND),
    });
    const { window: wide } = load(caseWith('tolerance: 1m\nexpect: |\n  5h alpha connect'))
      .expect[0] as ReturnType<typeof expectedLine>;
    t.same(wide, { from: at(299n * MINUTE), to: at(301n * MINUTE) });
    t.end();
  },
);

t.test('a line has a name, a pattern, a count and a pace', (t) => {
  const line = expectedLine(
    'again: 4h..5h  *.share  upload-offer  records=1 record=$r log=* from=client  {2..3}  every 15m ±1m',
  );
  t.match(line, { name: 'again', min: 2, max: 3, every: { gap: 15n * MINUTE, tolerance: MINUTE } });
  t.same(line.pattern, {
    actor: '*',
    face: 'share',
    event: 'upload-offer',
    fields: {
      records: { kind: 'is', value: 1 },
      record: { kind: 'variable', name: 'r' },
      log: { kind: 'any' },
    },
    from: 'client',
  });
  t.match(line.position, { line: 5, column: 3 });
  const count = (text: string): object => {
    const { min, max } = expectedLine(`4h alpha connect ${text}`);
    return { min, max };
  };
  t.same(count(''), { min: 1, max: 1 });
  t.same(count('{3}'), { min: 3, max: 3 });
  t.same(count('{0..1}'), { min: 0, max: 1 });
  t.same(count('{2..}'), { min: 2, max: undefined });
  t.same(expectedLine('4h alpha connect {3} every 5m').every, {
    gap: 5n * MINUTE,
    tolerance: SECOND,
  });
  t.same(expectedLine('4h alpha connect {3} every 5m +-9s').every?.tolerance, 9n * SECOND);
  t.end();
});

t.test('values are text unless they are written as numbers or truth values are', (t) => {
  const value = (text: string): unknown => {
    const match = expectedLine(`4h alpha lease-deny why=${text}`).pattern.fields['why'];
    return match?.kind === 'is' ? match.value : match;
  };
  t.equal(value('5'), 5);
  t.equal(value('-1.5'), -1.5);
  t.equal(value('true'), true);
  t.equal(value('007'), '007');
  t.equal(value('1.10'), '1.10');
  t.equal(value('"5"'), '5');
  t.equal(value('"no \\"seat\\""'), 'no "seat"');
  t.equal(value('"*"'), '*');
  t.equal(value('a=b'), 'a=b');
  t.end();
});

t.test('blocks in any order are told by their indentation', (t) => {
  const { expect } = load(
    caseWith(
      'expect: |\n  1h alpha connect\n  any order:\n    2h alpha connect\n    x: 2h bravo connect\n  @x..3h alpha close',
    ),
  );
  t.same(
    expect.map((item) => (item.kind === 'line' ? item.text : item.lines.map(({ text }) => text))),
    ['1h alpha connect', ['2h alpha connect', 'x: 2h bravo connect'], '@x..3h alpha close'],
  );
  t.end();
});

t.test('never has windows from the beginning, and a number that breaks it', (t) => {
  const { never } = load(
    caseWith(
      'expect: |\n  try: 4h alpha connect\nnever: |\n  ..@try  bravo.pipe  lease-request\n  4h..  *  upload-accept  record=$r {2}\n  ..  bravo  connect',
    ),
  );
  t.match(never, [
    { window: { from: { at: 0n }, to: { kind: 'anchor', name: 'try' } }, min: 1 },
    { window: { from: { at: 4n * HOUR } }, min: 2 },
    { window: { from: { at: 0n } }, min: 1 },
  ]);
  t.equal(never[2]!.window.to, undefined);
  t.end();
});

t.test('a line that cannot be read is told with its place', (t) =>
  check(t, [
    [
      caseWithLine('‸soon alpha connect'),
      '"soon" is not a duration — a bound is a time such as 4h, +DUR',
    ],
    [caseWithLine('4h..‸x alpha connect'), '"x" is not a duration — a bound is a time'],
    [caseWithLine('‸4h..3h alpha connect'), 'the window "4h..3h" ends before it begins'],
    [caseWithLine('‸+4h..+3h alpha connect', FIRST), 'the window "+4h..+3h" ends before it begins'],
    [
      caseWithLine('‸@try..@try-1m alpha connect', FIRST),
      'the window "@try..@try-1m" ends before it begins',
    ],
    [
      caseWithLine('4h..‸+1m alpha connect'),
      '+DUR counts from the line before, and this line is the first',
    ],
    [caseWithLine('..+‸1x alpha connect', FIRST), '"1x" is not a duration — a duration is written'],
    [
      caseWithLine('..@‸tyr alpha connect', FIRST),
      'no line above is named "tyr" — did you mean "try"?',
    ],
    [
      caseWithLine('..@‸try alpha connect'),
      'no line above is named "try" — name a line by writing its name',
    ],
    [
      caseWithLine('..@try‸.second alpha connect', FIRST),
      '".second" is not known — @try is the last match',
    ],
    [
      caseWithLine('..@try‸~ alpha connect', FIRST),
      '"~" is too much here — write @try, @try+5m or @try-5m',
    ],
    [caseWithLine('..@try+‸x alpha connect', FIRST), '"x" is not a duration'],
    [
      caseWithLine('‸try: 5h alpha connect', FIRST),
      'two lines are named "try" — give each its own name',
    ],
    [caseWithLine('‸a-b: 5h alpha connect'), '"a-b" is not a name for a line — a name is a letter'],
    [caseWithLine('4h‸'), 'the line ends too early — an event is written SERVER[.face] EVENT'],
    [caseWithLine('4h alpha‸'), 'the line ends too early — an event of alpha'],
    [
      caseWithLine('4h ‸alhpa connect'),
      'there is no server and no client "alhpa" — did you mean "alpha"?',
    ],
    [caseWithLine('4h ‸connect'), 'there is no server and no client "connect" — known names'],
    [
      caseWithLine('4h alpha.‸pip connect'),
      'a server of metering has no face "pip" — did you mean "pipe"?',
    ],
    [caseWithLine('4h alpha ‸conect'), 'there is no event "conect" — did you mean "connect"?'],
    [
      caseWithLine('4h alpha upload-offer ‸recrods=1'),
      '"upload-offer" has no field "recrods" — did you mean "records"?',
    ],
    [
      caseWithLine('4h alpha upload-offer ‸Records=1'),
      '"Records" is not the name of a field — a field is written',
    ],
    [caseWithLine('4h alpha upload-offer log=1 ‸log=2'), '"log" is given twice — give it once'],
    [caseWithLine('4h alpha upload-offer log=‸'), '"" is not a value — a value is 5, word.exe'],
    [caseWithLine('4h alpha upload-offer log=‸$R-1'), '"$R-1" is not a value — a value is 5'],
    [
      caseWithLine('4h alpha upload-offer from=‸alpha'),
      'there is no client "alpha" — known clients: client',
    ],
    [
      caseWithLine('4h client exit ‸from=client'),
      'only an event of a server has from= — leave it out',
    ],
  ]),
);

t.test('a count, a pace or a block that cannot be read is told with its place', (t) =>
  check(t, [
    [caseWithLine('4h alpha connect ‸{3..1}'), '"{3..1}" has its bounds the wrong way round'],
    [caseWithLine('4h alpha connect ‸{3'), '"{3" is not a count — a count is {n}, {n..m} or {n..}'],
    [caseWithLine('4h alpha connect {‸x}'), '"x" is not a count — a count is {n}'],
    [caseWithLine('4h alpha connect {1..‸x}'), '"x" is not a count — a count is {n}'],
    [caseWithLine('4h alpha connect {‸9999999}'), '"9999999" is not a count'],
    [caseWithLine('4h alpha connect ‸{0}'), 'a line that expects nothing — write it under never'],
    [
      caseWithLine('4h alpha connect ‸twice'),
      '"twice" is too much here — after the fields come only {COUNT}',
    ],
    [
      caseWithLine('4h alpha connect every‸'),
      'the line ends too early — every is followed by a duration',
    ],
    [caseWithLine('4h alpha connect every ‸x'), '"x" is not a duration'],
    [caseWithLine('4h alpha connect every ‸0s'), 'the gap is zero — write a duration'],
    [
      caseWithLine('4h alpha connect every 5m ‸1m'),
      '"1m" is too much here — a tolerance is written ±1m',
    ],
    [caseWithLine('4h alpha connect every 5m ±‸x'), '"x" is not a duration'],
    [
      caseWithLine('4h alpha connect every 5m ‸±5m'),
      'the tolerance is as long as the gap — write a smaller one',
    ],
    [caseWithLine('4h alpha connect every 5m ±1m ‸{3}'), '"{3}" is too much here'],
    [caseWithLine('‸any order:'), 'the block is empty — indent its lines deeper'],
    [
      caseWithLine('any ‸orders:\n    4h alpha connect'),
      '"orders:" is not known — write any order:',
    ],
    [
      caseWithLine('any order: ‸4h alpha connect\n    4h alpha connect'),
      '"4h" is too much here — the lines of the block follow',
    ],
    [
      caseWithLine('any order:\n    ‸any order:\n      4h alpha connect'),
      'a block stands in a block — write one',
    ],
    [
      caseWithLine('any order:\n    x: 4h alpha connect\n    @‸x..5h alpha connect'),
      'no line above is named "x"',
    ],
    [
      caseWith('never: 0s..‸+5m alpha connect'),
      'a line of never has no line before it — write a time',
    ],
    [caseWith('never: 0s..@‸try alpha connect'), 'no line above is named "try"'],
    [
      caseWith('never: 0s.. alpha connect ‸{1..2}'),
      '"{1..2}" says nothing here — in never {n} means',
    ],
    [caseWith('never: 0s.. alpha connect ‸{0}'), '"{0}" says nothing here'],
    [
      caseWith('never: 0s.. alpha connect {2} ‸every 5m'),
      '"every" is too much here — after the fields comes only {n}',
    ],
  ]),
);

t.test('a line of a printed trace can be pasted as an expected one, and matches its event', (t) => {
  const fields = fc.dictionary(
    fc.oneof(
      fc.constantFrom('program', 'lease', 'x-own'),
      fc.string({ unit: 'grapheme', minLength: 1 }),
    ),
    fc.oneof(
      fc.string({ unit: 'grapheme' }),
      fc.integer(),
      fc.boolean(),
      fc.constantFrom('*', '$x', '007', '"', '\\', '#', '{1}'),
    ),
    { maxKeys: 4, noNullPrototype: true },
  );
  fc.assert(
    fc.property(fields, fc.bigInt({ min: 0n, max: 100n * HOUR }), (given, at) => {
      const event: TraceEvent = {
        at,
        actor: 'alpha',
        face: 'pipe',
        event: 'lease-grant',
        from: 'client',
        fields: given,
      };
      const line = formatEvent(event, { from: true });
      if (line.length > 900 || Object.keys(given).some((name) => /^(?:program|lease)./.test(name)))
        return true;
      return eventMatches(expectedLine(line).pattern, event);
    }),
    { seed: 7 },
  );
  t.end();
});
