import t from 'tap';
import { caseWith, load } from '../../case/case.fixture.ts';
import type { Plan } from '../../case/plan.ts';
import { HOUR, MINUTE } from '../../clock/clock.ts';
import { formatDuration } from '../../clock/duration.ts';
import { varied, withoutExpectations } from './sweep-plan.ts';
import type { Quantity, Variation } from './variation.ts';

const caseOf = (...steps: readonly string[]): Plan =>
  load(
    `title: a case\nsource: Q235786\nservers: [alpha, bravo, charlie]\nplay: |\n${steps
      .map((step) => `  ${step}`)
      .join('\n')}\nexpect: |\n  4h..4h1m  alpha.share  connect\nledger: lost=0\n`,
  );

/** Each step of the play in a few words, with the time from which it is counted. */
function played({ play }: Plan): readonly string[] {
  return play.map(({ time, action }) => {
    const when =
      time.kind === 'at'
        ? formatDuration(time.at)
        : `${time.kind === 'on' ? `on ${time.event.event} ` : ''}+${formatDuration(time.delay)}`;
    if (action.kind === 'down') {
      const { until, fault, server } = action;
      const lasts = until.kind === 'for' ? ` for ${formatDuration(until.duration)}` : '';
      return `${when} ${server} ${fault.name}${lasts}`;
    }
    if (action.kind === 'up') return `${when} ${action.server} up`;
    if (action.kind === 'end') return `${when} end`;
    return `${when} ${'client' in action ? action.client : action.server} ${action.kind}`;
  });
}

const vary = (
  plan: Plan,
  quantity: Quantity,
  value: bigint,
  more: Partial<Variation> = {},
): readonly string[] =>
  played(varied(plan, { quantity, from: value, to: value, downtimes: [1], ...more }, value));

t.test('an outage with a length gets another, and the play ends later by as much', (t) => {
  const plan = caseOf('0s client start', '10m alpha down refuse for 20m', '3h end');
  t.same(vary(plan, 'outage', 5n * MINUTE), [
    '0s client start',
    '10m alpha refuse for 5m',
    '3h end',
  ]);
  t.same(vary(plan, 'outage', 5n * MINUTE, { to: 2n * HOUR }), [
    '0s client start',
    '10m alpha refuse for 5m',
    '4h40m end',
  ]);
  t.end();
});

t.test('a step up that ends an outage moves, and what is counted from it moves along', (t) => {
  const plan = caseOf(
    '0s client start',
    '10m alpha down hang',
    '20m client run a.exe for 5m',
    '2h alpha up',
    '+10m client run b.exe for 5m',
    '+1h end',
  );
  t.same(vary(plan, 'outage', HOUR, { to: 9n * HOUR }), [
    '0s client start',
    '10m alpha hang',
    '20m client run',
    '1h10m alpha up',
    '+10m client run',
    '+1h end',
  ]);
  const relative = caseOf(
    '0s client start',
    'on alpha.share connect alpha down hang',
    '+1h alpha up',
    '9h end',
  );
  t.same(vary(relative, 'outage', MINUTE).slice(1), [
    'on connect +0s alpha hang',
    '+1m alpha up',
    '9h end',
  ]);
  t.end();
});

t.test('an outage until the end of the play ends sooner; one by a count gets a length', (t) => {
  const whole = caseOf('0s client start', '1h alpha down refuse', '5h end');
  t.same(vary(whole, 'outage', HOUR, { to: 5n * HOUR }), [
    '0s client start',
    '1h alpha refuse for 1h',
    '6h end',
  ]);
  const counted = caseOf(
    '0s alpha.share down lost-ack for 1 upload-accept',
    '0s client start',
    '5h end',
  );
  t.equal(vary(counted, 'outage', HOUR)[0], '0s alpha lost-ack for 1h');
  t.end();
});

t.test('which downtime is meant can be said', (t) => {
  const plan = caseOf(
    '0s alpha down refuse for 1h',
    '0s bravo down refuse for 1h',
    '0s client start',
    '5h end',
  );
  const lengths = (downtimes: Variation['downtimes']) =>
    vary(plan, 'outage', MINUTE, { downtimes }).slice(0, 2);
  t.same(lengths([2]), ['0s alpha refuse for 1h', '0s bravo refuse for 1m']);
  t.same(lengths('all'), ['0s alpha refuse for 1m', '0s bravo refuse for 1m']);
  t.throws(() => lengths([3]), /no downtime 3; the case has 2: 1 \(0s alpha down refuse for 1h\)/);
  t.throws(
    () => vary(caseOf('0s client start', '5h end'), 'outage', MINUTE),
    /no server goes down/,
  );
  t.end();
});

t.test('the first n servers get the first fault, and the other downtimes are gone', (t) => {
  const plan = caseOf(
    '0s client start',
    '1h bravo down hang',
    '2h alpha down refuse',
    '+10m client run a.exe for 5m',
    '3h bravo up',
    '5h end',
  );
  const down = (value: bigint) => vary(plan, 'down', value);
  t.same(down(0n), ['0s client start', '2h10m client run', '5h end']);
  t.same(down(1n), [
    '0s client start',
    '1h alpha hang',
    '2h10m client run',
    '3h alpha up',
    '5h end',
  ]);
  t.same(down(2n), [
    '0s client start',
    '1h alpha hang',
    '1h bravo hang',
    '2h10m client run',
    '3h alpha up',
    '3h bravo up',
    '5h end',
  ]);
  t.throws(() => down(4n), /has 3 servers/);
  const relative = caseOf(
    '0s client start',
    '+1h alpha down hang',
    '+1h client run a.exe for 5m',
    '5h end',
  );
  t.same(vary(relative, 'down', 2n), [
    '0s client start',
    '+1h alpha hang',
    '+0s bravo hang',
    '+1h client run',
    '5h end',
  ]);
  t.end();
});

t.test('a step that waits for an event after a downtime that is left out is refused', (t) => {
  const plan = caseOf(
    '0s client start',
    '1h alpha down hang',
    '2h bravo down refuse',
    'on bravo.share refused client kill',
    '5h end',
  );
  t.throws(() => vary(plan, 'down', 1n), /line 8: this step waits for an event/);
  t.end();
});

t.test('attempts and the delay are those of every client', (t) => {
  const plan = load(caseWith('client: { attempts: 3, retryDelay: 15m }'));
  const of = (quantity: Quantity, value: bigint) =>
    varied(plan, { quantity, from: value, to: value, downtimes: [1] }, value).clients[0]!;
  t.equal(of('attempts', 7n).attempts, 7);
  t.equal(of('attempts', 7n).retryDelayNs, 15n * MINUTE);
  t.equal(of('retry-delay', HOUR).retryDelayNs, HOUR);
  t.equal(plan.clients[0]!.attempts, 3, 'the plan itself is as it was');
  t.end();
});

t.test('what a case expects at its own value is not expected at another', (t) => {
  const plan = withoutExpectations(caseOf('0s client start', '5h end'));
  t.same([plan.expect, plan.never, 'ledger' in plan], [[], [], false]);
  t.end();
});
