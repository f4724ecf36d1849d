import t from 'tap';
import { caseWith, caseWithStep, check } from '../case.fixture.ts';

const play = (steps: string): string => caseWith(`play: |\n${steps}`);

t.test('a state, a disk or a version that cannot be is told with its place', (t) =>
  check(t, [
    [
      caseWithStep('1h alpha.pipe ‸restart'),
      '"restart" is of a whole server — write alpha restart',
    ],
    [caseWithStep('1h alpha restart ‸state=new'), '"state=new" is too much here'],
    [caseWithStep('1h alpha clock-skew ‸1h'), '"1h" has no sign — a clock is set forward'],
    [caseWithStep('1h alpha seats ‸word.exe'), '"word.exe" is not known here — write seats'],
    [caseWithStep('1h alpha seats word.exe=‸-1'), '"-1" is not a count — write seats'],
    [caseWithStep('1h client ‸restart'), '"restart" is said of a server, and client is none'],
    [caseWithStep('1h client disk ‸ful'), '"ful" is not known here — did you mean "full"?'],
    [caseWithStep('1h client check-out word.exe ‸3d'), '"3d" is not known here — write check-out'],
    [caseWithStep('1h client check-in ‸a/b'), '"a/b" is not the name of a program'],
    [caseWithStep('1h client run a.exe as ‸for 5m'), '"for" is not the name of a program'],
    [
      caseWithStep('1h client run a.exe version=‸8.*9999 for 5m'),
      '"8.*9999" is not a version — write version=8.0',
    ],
  ]),
);

t.test('two downtimes that contradict each other are told with both places', (t) => {
  const both = (...lines: readonly string[]) => caseWithStep(lines.join('\n  '));
  const said = 'at 2h alpha.pipe cannot be both: this step contradicts ';
  check(t, [
    [
      both('1h alpha.pipe down refuse', '‸2h alpha.pipe down black-hole'),
      `${said}"1h alpha.pipe down refuse" (suites/offline/a-case.yaml:6:3) — end the first`,
    ],
    [both('1h alpha down half-open for 2h', '‸+1h alpha.pipe down refuse'), said],
    [both('1h alpha.pipe down refuse for 5m every 20m', '‸2h alpha.pipe down black-hole'), said],
    [
      both(
        '1h alpha.pipe down refuse for 5m every 20m',
        '‸1h50m alpha.pipe down black-hole for 15m',
      ),
      'at 1h50m alpha.pipe cannot be both: this step contradicts ',
    ],
  ]);
});

t.test('a step that cannot be read is told with its place', (t) =>
  check(t, [
    [
      caseWithStep('‸soon client kill'),
      '"soon" is not a duration — a step begins with a time such as 10m',
    ],
    [caseWithStep('+‸5 client kill'), '"5" is not a duration — a duration is written 4h'],
    [caseWithStep('1h‸'), 'the line ends too early — after its time a step names a client'],
    [
      caseWithStep('1h ‸clinet kill'),
      'there is no server and no client "clinet" — did you mean "client"?',
    ],
    [
      caseWithStep('1h ‸* down refuse'),
      'a step cannot act on "*" — name one of alpha, bravo, client',
    ],
    [caseWithStep('1h ‸harness up'), 'a step cannot act on "harness"'],
    [caseWithStep('1h client‸'), 'the line ends too early — client start, kill, run PROGRAM for D'],
    [caseWithStep('1h client ‸strat'), 'there is no action "strat" — did you mean "start"?'],
    [
      caseWithStep('1h client ‸down refuse'),
      '"down" is said of a server, and client is none — known actions',
    ],
    [
      caseWithStep('1h alpha ‸kill'),
      '"kill" is said of a client, and alpha is none — known actions: down, up',
    ],
    [
      caseWithStep('1h client kill ‸now'),
      '"now" is too much here — the step is complete before it',
    ],
    [caseWithStep('1h client.‸share kill'), 'only a server has faces — write client alone'],
    [
      caseWithStep('1h client run ‸for 5m'),
      '"for" is not the name of a program — write run PROGRAM for D',
    ],
    [
      caseWithStep('1h client run a.exe ‸fro 5m'),
      '"fro" is not known here — write run PROGRAM for D',
    ],
    [
      caseWithStep('1h client run a.exe for ‸5'),
      '"5" is not a duration — a duration is written 4h',
    ],
    [
      caseWithStep('1h client clock ‸1d'),
      '"1d" has no sign — a clock is set forward by +1d, back by -1d',
    ],
    [caseWithStep('1h client clock -‸x'), '"x" is not a duration — a clock is set'],
    [caseWithStep('1h end ‸now'), '"now" is too much here — end stands alone'],
    [
      caseWithStep('1h client run ‸"a b for 5m'),
      'a quote is opened and not closed — a value with blanks',
    ],
  ]),
);

t.test('a fault that cannot be is told with its place', (t) =>
  check(t, [
    [
      caseWithStep('1h alpha.‸shar down refuse'),
      'a server of metering has no face "shar" — did you mean "share"?',
    ],
    [caseWithStep('1h alpha down‸'), 'the line ends too early — down is followed by a fault'],
    [caseWithStep('1h alpha down ‸refsue'), 'there is no fault "refsue" — did you mean "refuse"?'],
    [
      caseWithStep('1h alpha down ‸zzzzzz'),
      'there is no fault "zzzzzz" — known faults: refuse, reset,',
    ],
    [
      caseWithStep('1h alpha.pipe down ‸503'),
      'the pipe of a server of metering has no fault "503" — it is one of its share',
    ],
    [
      caseWithStep('1h alpha down 503 ‸retry=2m'),
      '"503" has no argument "retry" — known arguments: retry-after',
    ],
    [caseWithStep('1h alpha down 503 retry-after=‸'), '"" is not a value — a value is one word'],
    [
      caseWithStep('1h alpha down busy ‸why=x'),
      '"busy" has no argument "why" — no arguments are known here',
    ],
    [caseWithStep('1h alpha down deny why=no-seat ‸why=x'), '"why" is given twice — give it once'],
    [
      caseWithStep('1h alpha down ‸deny why=mood'),
      'why=mood is none of no-seat, forbidden — correct',
    ],
    [caseWithStep('1h alpha down slow‸'), 'slow says not how — write slow [D] [rate=N]'],
    [caseWithStep('1h alpha down slow ‸for 5m'), 'slow says not how — write slow [D] [rate=N]'],
    [
      caseWithStep('1h alpha down slow ‸20'),
      '"20" is not a duration — write slow [D] [rate=N], with a duration',
    ],
    [caseWithStep('1h alpha down slow rate=‸0'), '"0" is not a count — write slow [D] [rate=N]'],
    [
      caseWithStep('1h alpha down slow ‸speed=9'),
      '"slow" has no argument "speed" — known arguments: rate',
    ],
    [caseWithStep('1h alpha down slow rate=9 ‸rate=9'), '"rate" is given twice — give it once'],
    [
      caseWithStep('1h alpha down refuse for 10m every ‸10m'),
      'it would begin again before it has ended — write a longer time',
    ],
    [
      caseWithStep('1h alpha down refuse for 1m every‸'),
      'the line ends too early — every is followed by a duration',
    ],
    [
      caseWithStep('1h alpha down cut ‸x fin'),
      '"x" is not a count — write cut N fin|rst, a whole number',
    ],
    [caseWithStep('1h alpha down cut 20 ‸rts'), '"rts" is not fin|rst — did you mean "rst"?'],
    [
      caseWithStep('1h alpha down refuse ‸20'),
      '"20" is too much here — after the fault come only new-only',
    ],
    [
      caseWithStep('1h alpha down refuse for‸'),
      'the line ends too early — for is followed by a duration',
    ],
    [
      caseWithStep('1h alpha down refuse for ‸ever'),
      '"ever" is not a duration — for is followed by',
    ],
    [caseWithStep('1h alpha down refuse for ‸0s'), 'a downtime of no length — write a duration'],
    [caseWithStep('1h alpha down refuse for ‸0 probes'), '"0" is not a count — write for n EVENTs'],
    [
      caseWithStep('1h alpha down refuse for 2‸'),
      'the line ends too early — the number is followed by an event',
    ],
    [
      caseWithStep('1h alpha down refuse for 2 ‸uploads'),
      '"uploads" is not an event of a server — known events',
    ],
    [caseWithStep('1h alpha down refuse for 2 ‸kills'), '"kills" is not an event of a server'],
  ]),
);

t.test('an event that a step waits for is told with its place', (t) =>
  check(t, [
    [
      caseWithStep('on ‸uplod-offer client kill'),
      'there is no server and no client "uplod-offer" — did you mean "upload-offer"?',
    ],
    [
      caseWithStep('on ‸exit client start'),
      '"exit" is not an event of a server — write the name of the client before it',
    ],
    [
      caseWithStep('on alpha ‸exit client start'),
      '"exit" is an event of a client, not of a server — ',
    ],
    [
      caseWithStep('on client ‸prob client start'),
      'there is no event "prob" — known events of a client: start,',
    ],
    [caseWithStep('on alpha ‸received client kill'), 'there is no event "received" — '],
    [
      caseWithStep('on probe #‸0 client kill'),
      '"0" is not a count — the nth such event is written #n',
    ],
    [caseWithStep('on probe +‸x client kill'), '"x" is not a duration'],
    [
      caseWithStep('on upload-offer record=‸$r client kill'),
      'a step binds no variables — write a value or *',
    ],
    [
      caseWithStep('on upload-offer from=‸clinet client kill'),
      'there is no client "clinet" — did you mean "client"?',
    ],
    [
      caseWithStep('on client exit ‸from=client client start'),
      'only an event of a server has from= — leave it out',
    ],
  ]),
);

t.test('steps that do not fit together are told with the place of the step', (t) =>
  check(t, [
    [
      play('  0s client start\n  2h client kill\n  ‸1h end'),
      'the time runs backward — the step before it is "2h client kill"',
    ],
    [play('  0s client start\n  +2h client kill\n  ‸1h end'), 'the time runs backward'],
    [play('  0s client start\n  on probe +2h client kill\n  ‸1h end'), 'the time runs backward'],
    [
      play('  0s client start\n  ‸1h client kill'),
      'the play has no end — add a last step such as 7h end',
    ],
    [play('  0s client start\n  ‸1h end\n  2h end'), 'steps follow the end — end is the last step'],
    [
      play('  ‸0s alpha down refuse\n  2h end'),
      'client never starts — add a step such as 0s client start',
    ],
    [
      play('  0s client start\n  ‸1h client start\n  2h end'),
      'client runs already — kill it first',
    ],
    [
      play('  0s client start\n  1h client kill\n  ‸1h client run a.exe for 5m\n  2h end'),
      'client does not run yet — a step before it is client start',
    ],
    [
      play('  0s client start\n  ‸1h client disk torn\n  2h end'),
      'client still runs — a step before it is client kill',
    ],
    [
      play('  0s client start\n  ‸1h alpha up\n  2h end'),
      'alpha is not down — a step before it takes it down',
    ],
  ]),
);

t.test('a server that flaps more often than a trace can tell is told, and no client blamed', (t) =>
  check(t, [
    [
      caseWithStep('‸1h alpha down refuse for 1ns every 2ns'),
      '"1h alpha down refuse for 1ns every 2ns" begins more than 10000 times — write a longer time after every, or end it sooner with up',
    ],
    [
      caseWithStep('‸1h alpha.pipe down refuse for 1s every 2s\n  2h alpha.share up'),
      '"1h alpha.pipe down refuse for 1s every 2s" begins more than 10000 times',
    ],
  ]),
);
