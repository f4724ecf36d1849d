// Every mistake in the fields of a case file, and in its YAML: ‸ marks the place that the message must name.
import t from 'tap';
import { caseWith, check } from './case.fixture.ts';

const PLAY = 'play: |\n  0s  client  start\n  1h  end\nrules: [SF-1]\n';

const LONG = caseWith('rules: []');

t.test('a field that is not known, not right or missing is told with its place', (t) =>
  check(t, [
    [caseWith('‸titel: x'), 'there is no field "titel" — did you mean "title"?'],
    [caseWith('‸zzzzzz: x'), 'there is no field "zzzzzz" — known fields: title, pattern, source'],
    [caseWith('‸title: x'), '"title" is given twice — it was given on line 1'],
    [
      caseWith('pattern: ‸fixation'),
      'pattern cannot be "fixation" — the name of a failure pattern',
    ],
    [caseWith('rules: [SWM-1, ‸SWM-33]'), '"SWM-33" is none of the rules — did you mean "SWM-3"?'],
    [
      caseWith('rules: [‸LICENCE-1]'),
      '"LICENCE-1" is none of the rules — known rules: SWM-1, SWM-3, SF-1; rules of your own come with --rules',
    ],
    [caseWith('rules: ‸SWM-1'), 'rules cannot be "SWM-1" — a list of rules'],
    [caseWith('catches: [‸hasty]'), '"hasty" is none of the bugs — known bugs: primary-fixation'],
    [caseWith('dialect: ‸metring'), 'there is no dialect "metring" — did you mean "metering"?'],
    [caseWith('tolerance: ‸soon'), 'tolerance cannot be "soon" — a duration such as 15m'],
    [caseWith('tolerance: ‸0s'), 'tolerance cannot be "0s" — a duration such as 15m'],
    [
      caseWith('timedOutAfter: ‸25d'),
      'timedOutAfter cannot be "25d" — a duration such as 15m, 4h or 1h30m, from 1ms to 24d',
    ],
    [caseWith('seats: { word.exe: ‸-1 }'), 'seats.word.exe cannot be -1 — a whole number from 0'],
    [caseWith('ledger: ‸5'), 'ledger cannot be 5 — lines of notation'],
    [caseWith('play: ‸'), 'play cannot be empty — lines of notation'],
    [caseWith('play: ‸|\n  # nothing'), 'the play is empty — add at least a start of the client'],
    [`‸title: x\nservers: [alpha]\n${PLAY}`, 'source is missing — an article'],
    [
      `title: x\nsource: ‸[]\nservers: [alpha]\n${PLAY}`,
      'source cannot be an empty list — an article',
    ],
    [
      '‸title: x\nsource: x\nservers: [a]\nplay: |\n  0s client start\n  1h end',
      'the case checks nothing — add expect, never, ledger or rules',
    ],
  ]),
);

t.test('settings of clients are told with the place of the value or of the name', (t) =>
  check(t, [
    [caseWith('client: ‸'), 'client cannot be empty — settings of a client'],
    [caseWith('client: { mode: ‸ofline }'), 'client.mode cannot be "ofline" — offline or online'],
    [
      caseWith('client: { attempts: ‸0 }'),
      'client.attempts cannot be 0 — a whole number from 1 to 100',
    ],
    [
      caseWith('client: { attempts: ‸1.5 }'),
      'client.attempts cannot be 1.5 — a whole number from 1',
    ],
    [
      caseWith('client: { retryDelay: ‸15 }'),
      'client.retryDelay cannot be 15 — a duration such as 15m',
    ],
    [
      caseWith('client:\n  mode: online\n  ‸retrydelay: 15m'),
      'there is no field "retrydelay" — did you mean "retryDelay"?',
    ],
    [caseWith('‸clients: {}'), '0 clients — name 1 to 64'],
    [caseWith('clients: { ‸WS1: {} }'), '"WS1" is not a name — a name is a small letter'],
    [
      caseWith('client: {}\n‸clients: { client: {} }'),
      'client and clients are both given — client is for one',
    ],
    [
      caseWith(
        'clients: { client: {}, ‸reset: {} }\nplay: |\n  0s client start\n  0s reset start\n  1h end',
      ),
      '"reset" is a word of the notation — choose another name',
    ],
  ]),
);

t.test('names of servers that cannot be are told with their place in the list', (t) =>
  check(t, [
    [
      `title: x\nsource: x\nservers: [alpha, ‸alpha]\n${PLAY}`,
      '"alpha" is given twice — name each server once',
    ],
    [
      `title: x\nsource: x\nservers: [‸Alpha]\n${PLAY}`,
      'servers cannot be "Alpha" — a name is a small letter',
    ],
    [
      `title: x\nsource: x\nservers: [alpha, ‸refused]\n${PLAY}`,
      '"refused" is a word of the notation — choose another',
    ],
    [
      `title: x\nsource: x\nservers: [‸client]\n${PLAY}`,
      '"client" is also the name of a client — give the server',
    ],
    [
      `title: x\nsource: x\nservers: ‸[]\n${PLAY}`,
      'servers cannot be an empty list — a list of 1 to 16 names',
    ],
  ]),
);

t.test('what is no plain YAML is refused where it stands', (t) =>
  check(t, [
    ['‸', 'this is not a case — a case has the fields title'],
    ['‸just text', 'this is not a case'],
    ['‸[1, 2]', 'this is not a case'],
    [
      caseWith('never: ‸@try.. alpha connect'),
      'this is not YAML: Plain value cannot start with reserved character @',
    ],
    [caseWith('pattern: ‸!secret X'), 'this is not YAML: Unresolved tag: !secret'],
    [caseWith('forbidden: ‸*s'), '*s is an alias — write the value out, or quote it'],
    [caseWith('seats: &s ‸{ a: 1 }'), '&s is an anchor — a case has no aliases'],
    [
      caseWith('seats: { a: [[[[[[[[‸1]]]]]]]] }'),
      'the text is nested too deeply — a case is a flat list',
    ],
    [
      caseWith(`forbidden: [${'x'.repeat(988)}‸, y]`),
      'the line has 1004 characters — at most 1000',
    ],
    [
      `${LONG}${'\n'.repeat(2001 - LONG.split('\n').length)}‸`,
      'the file has more than 2000 lines — one behaviour a case',
    ],
  ]),
);

t.test('lines of notation are a block, or one plain line', (t) =>
  check(t, [
    [
      caseWith('ledger: ‸"delivered=1"'),
      'the lines of ledger are not written as a block — write "ledger: |"',
    ],
    [caseWith('ledger: ‸>\n  delivered=1'), 'the lines of ledger are not written as a block'],
    [caseWith('ledger: ‸delivered=1\n  lost=0'), 'the lines of ledger are not written as a block'],
    [
      caseWith('ledger: delivered=1  ‸losd=0'),
      'the ledger has no column "losd" — did you mean "lost"?',
    ],
    [caseWith('ledger: |\n\n    delivered=1\n    ‸losd=0'), 'the ledger has no column "losd"'],
    [caseWith('ledger: delivered=‸one'), '"one" is not a count — a claim is COLUMN=n'],
    [caseWith('ledger: ‸lost'), '"lost" is not a claim — a claim is COLUMN=n'],
    [caseWith('ledger: lost=0 ‸lost=1'), '"lost" is given twice — give it once'],
  ]),
);

t.test(
  'positions are true with carriage returns, comments, blank lines and deep indentation',
  (t) =>
    check(t, [
      [
        caseWith(
          'play: |2   # steps\r\n\r\n      # a comment\r\n      0s  client  start   # now\r\n\r\n      7h  ‸edn\r\nrules: [SF-1]\r\n',
        ),
        'there is no server and no client "edn"',
      ],
    ]),
);
