// Rules by connections alone, on traces that are written down: what a client of our own does not do so easily.
import t from 'tap';
import type { Plan } from '../../../case/plan.ts';
import { SECOND } from '../../../clock/clock.ts';
import { loadCase } from '../../../case/load.ts';
import { opaque } from '../../../../emulators/opaque/index.ts';
import type { TraceEvent } from '../../../trace/event.ts';
import { judge } from '../../judge.ts';
import type { RuleVerdict } from '../../verdict.ts';

const RULE_IDS = ['RT-1', 'RT-2', 'RT-7', 'RT-8', 'FO-1', 'FO-2', 'FO-5', 'FO-6'];
const plan: Plan = {
  ...loadCase(
    `title: x\nsource: x\nrules: [${RULE_IDS.join()}]\ndialect: opaque\nservers: [alpha, bravo, charlie]\nclient: { attempts: 1, retryDelay: 10s, connectTimeout: 5s, answerTimeout: 5s }\nplay: |\n  0s client start\n  10m end\n`,
    'suites/x/y.yaml',
    { rules: new Set(RULE_IDS), dialects: [opaque] },
  ),
  policy: { order: 'listed' },
};

/** `second actor event #connection key=value`, an event a line. */
function verdicts(text: string, observer = 'virtual', judged = plan): (id: string) => RuleVerdict {
  const lines = [
    `0 client start`,
    ...text.trim().split('\n'),
    '600 harness end',
    '620 harness drained',
  ];
  const events = lines.map((line): TraceEvent => {
    const [at, actor, event, ...rest] = line.trim().split(/\s+/);
    const conn = rest.find((word) => word.startsWith('#'))?.slice(1);
    const isServer = plan.servers.includes(actor!);
    return {
      at: BigInt(Math.round(Number(at) * 1000)) * (SECOND / 1000n),
      actor: actor!,
      event: event!,
      ...(isServer &&
        event !== 'down' &&
        event !== 'up' && {
          face: 'tcp',
          from: rest.find((word) => word.startsWith('from='))?.slice(5) ?? 'client',
        }),
      ...(conn !== undefined && { conn: Number(conn) }),
      fields: Object.fromEntries(
        rest
          .filter((word) => word.includes('='))
          .map((word) => word.split('=') as [string, string]),
      ),
    };
  });
  const header = {
    meterproof: 1,
    case: 'x',
    client: 'x',
    time: 'virtual',
    seed: 1,
    epoch: '2026-01-01T00:00:00.000Z',
    observer,
  } as const;
  const { rules } = judge(judged, { header, events });
  return (id) => rules.find((rule) => rule.id === id)!;
}

const GOOD_ON_BRAVO = `
0 alpha down fault=refuse
1 alpha refused
1 bravo connect #1
1 bravo received #1
1 bravo sent #1
60 alpha up fault=refuse`;

t.test(
  'a way back is proved by an answer of the server, before the other connection is left',
  (t) => {
    const proved = verdicts(`${GOOD_ON_BRAVO}
    90 alpha connect #2
    90 alpha received #2
    91 alpha sent #2
    91 bravo close #1 by=client`);
    t.equal(proved('FO-5').state, 'kept');
    const hasty = verdicts(`${GOOD_ON_BRAVO}
    90 alpha connect #2
    90 bravo close #1 by=client
    90 alpha received #2
    91 alpha sent #2`);
    t.equal(hasty('FO-5').state, 'broken');
    const probing = verdicts(`${GOOD_ON_BRAVO}
    30 alpha connect #2
    30 alpha reset #2 by=server
    90 bravo close #1 by=client`);
    t.not(probing('FO-5').state, 'broken', 'a probe that failed is no way back');
    const looping = verdicts(`${GOOD_ON_BRAVO}
    61 bravo close #1 by=client
    90 alpha connect #2`);
    t.equal(
      looping('FO-5').state,
      'could-not-tell',
      'a client that closes each connection leaves none',
    );
    t.end();
  },
);

t.test('a server that is passed over breaks the order', (t) => {
  const skipped = verdicts('1 alpha refused\n1 charlie connect #1\n1 charlie sent #1');
  t.match(skipped('FO-1').why, /bravo passed over/);
  const around = verdicts(
    '1 alpha refused\n1 bravo refused\n1 charlie refused\n11 alpha refused\n11 bravo connect #1\n11 bravo sent #1',
  );
  t.equal(around('FO-1').state, 'kept');
  const unseen =
    '0 bravo down fault=refuse\n1 alpha connect #1\n1 alpha reset #1 by=server\n1 charlie connect #2\n1 charlie sent #2';
  t.equal(verdicts(unseen)('FO-1').state, 'broken', 'where attempts are seen');
  t.not(verdicts(unseen, 'none')('FO-1').state, 'broken', 'where bravo may have been tried unseen');
  t.end();
});

t.test('a connection that had been good may be made again at once', (t) => {
  const lost = verdicts(
    '1 alpha connect #1\n1 alpha sent #1\n9 alpha reset #1 by=server\n9.1 alpha connect #2\n9.1 alpha sent #2',
  );
  t.not(lost('RT-1').state, 'broken');
  const never = verdicts(
    '1 alpha connect #1\n1 alpha reset #1 by=server\n1.1 alpha connect #2\n1.1 alpha sent #2',
  );
  t.match(never('RT-1').why, /too soon/);
  t.end();
});

t.test('what the end of TLS says of its own accord is no answer of the server', (t) => {
  const behindTls = (of: string): string => `0 alpha down fault=hang
    1 alpha connect #1
    1 alpha received #1
    1 alpha sent #1 length=1200${of}
    2 alpha received #1
    6 alpha close #1 by=client
    6.1 alpha connect #2`;
  t.not(verdicts(behindTls(''))('RT-1').state, 'broken', 'it had been good');
  t.match(verdicts(behindTls(' tls=own'))('RT-1').why, /too soon/);
  const left = `${GOOD_ON_BRAVO.replace('1 bravo sent #1', '1 bravo sent #1 tls=own')}
    90 alpha connect #2
    90 bravo close #1 by=client`;
  t.not(verdicts(left)('FO-5').state, 'broken', 'nothing good is left');
  t.end();
});

t.test('a server that never answers by its nature is no failure', (t) => {
  const syslog =
    '1 alpha connect #1\n1 alpha received #1\n2 alpha close #1 by=client\n3 alpha connect #2\n3 alpha received #2\n4 alpha close #2 by=client';
  for (const id of ['RT-1', 'FO-2', 'RT-7']) t.not(verdicts(syslog)(id).state, 'broken', id);
  const struck = `0 alpha down fault=hang\n${syslog.replaceAll('received', 'swallowed')}`;
  t.equal(verdicts(struck)('FO-2').state, 'broken');
  t.equal(verdicts(struck)('RT-1').state, 'broken');
  t.end();
});

t.test('where a client may begin with any server, so may a pass', (t) => {
  const reset = (at: number, server: string, conn: number): string =>
    `${at} ${server} connect #${conn}\n${at} ${server} reset #${conn} by=server\n`;
  const pass = `${reset(1, 'bravo', 1)}${reset(2, 'alpha', 2)}`;
  const whole = `${pass}${reset(3, 'charlie', 3)}`;
  const any: Plan = { ...plan, policy: { order: 'any' } };
  t.equal(verdicts(whole, 'virtual', any)('RT-7').state, 'kept');
  t.match(verdicts(pass, 'virtual', any)('RT-7').state, 'broken');
  const first = verdicts(`${reset(1, 'bravo', 1)}${reset(2, 'charlie', 2)}`);
  t.equal(first('RT-7').state, 'could-not-tell', 'listed: it begins with the first');
  t.end();
});

t.test('a pass is judged in each outage, also where a later server was lost', (t) => {
  const pass = (at: number): string =>
    ['bravo', 'charlie', 'alpha'].map((server, n) => `${at + n} ${server} refused`).join('\n');
  const lost = `${GOOD_ON_BRAVO.replace(/\n60 .*/, '')}
    80 bravo reset #1 by=server`;
  t.equal(verdicts(`${lost}\n${pass(81)}\n${pass(92)}`)('RT-7').state, 'kept');
  t.match(verdicts(`${lost}\n${pass(81)}`)('RT-7'), {
    state: 'broken',
    finding: { actual: 'not tried: bravo, charlie' },
  });
  const primary = '1 alpha connect #1\n1 alpha sent #1\n80 alpha reset #1 by=server';
  t.equal(verdicts(`${primary}\n81 alpha refused\n91 alpha refused`)('RT-7').state, 'broken');
  const beside = `1 bravo connect #1\n1 bravo sent #1\n5 alpha refused\n80 bravo reset #1 by=server`;
  t.equal(verdicts(`${beside}\n${pass(81)}`)('RT-7').state, 'broken', 'a probe is no pass');
  t.end();
});

t.test('silence is given up in time, or not', (t) => {
  const silent = '0 alpha down fault=hang\n1 alpha connect #1\n1 alpha swallowed #1\n';
  t.equal(verdicts(`${silent}6 alpha close #1 by=client`)('RT-8').state, 'kept');
  t.match(verdicts(`${silent}60 alpha close #1 by=client`)('RT-8').why, /too late/);
  t.match(verdicts(silent)('RT-8'), {
    state: 'broken',
    why: 'silent from 1s on, and never given up',
  });
  t.equal(
    verdicts(`${silent}2 bravo connect #2\n2 bravo sent #2`)('RT-8').why,
    'silent from 1s on, and never given up: it stayed open when bravo was tried at 2s',
  );
  const greeting = '0 alpha down fault=hang\n1 alpha connect #1\n1 alpha answer-lost #1 sent=0\n';
  t.equal(verdicts(greeting)('RT-8').state, 'broken', 'the client has asked nothing, and waits');
  t.equal(verdicts(`${greeting}6 alpha close #1 by=client`)('RT-8').state, 'kept');
  const cut = '1 alpha connect #1\n1 alpha answer-lost #1 sent=5\n1 alpha close #1 by=server';
  t.not(verdicts(cut)('RT-8').state, 'broken', 'the server has gone, and said so');
  t.end();
});

t.test('the primary that returns alone is found, or not', (t) => {
  const down = ['alpha', 'bravo', 'charlie']
    .map((server) => `0 ${server} down fault=refuse\n`)
    .join('');
  const tried = '1 alpha refused\n1 bravo refused\n1 charlie refused\n60 alpha up fault=refuse\n';
  t.equal(verdicts(`${down}${tried}61 alpha connect #1\n61 alpha sent #1`)('FO-6').state, 'kept');
  t.equal(
    verdicts(`${down}${tried}500 alpha connect #1\n500 alpha sent #1`)('FO-6').state,
    'broken',
  );
  t.equal(verdicts(`${down}${tried}`)('FO-6').state, 'broken');
  t.end();
});

t.test('a client that states a pace of seconds and keeps it makes no storm', (t) => {
  const every = (seconds: number): string =>
    [...Array(40).keys()].map((n) => `${1 + n * seconds} alpha refused`).join('\n');
  const paced = (delay: bigint) => ({
    ...plan,
    clients: plan.clients.map((client) => ({ ...client, retryDelayNs: delay * SECOND })),
  });
  t.match(verdicts(every(1), 'virtual', paced(1n))('RT-4').why, /at most 6 in 6s/);
  t.equal(verdicts(every(0.5), 'virtual', paced(1n))('RT-4').state, 'broken');
  t.equal(verdicts(every(1))('RT-4').state, 'broken', 'where ten seconds are stated');
  const budget = { ...paced(1n), policy: { order: 'listed', attemptsPerMinute: 10 } } as const;
  t.equal(verdicts(every(1), 'virtual', budget)('RT-4').state, 'broken', 'a budget that is stated');
  t.end();
});

t.test('a fleet comes back apart, or not', (t) => {
  const [one] = plan.clients;
  const names = Array.from({ length: 8 }, (_, n) => `ws${n + 1}`);
  const fleet = (retryJitter?: number, count = names.length): Plan => ({
    ...plan,
    clients: names
      .slice(0, count)
      .map((name) => ({ ...one!, name, ...(retryJitter !== undefined && { retryJitter }) })),
  });
  /** All fail at both servers in turn, and are back at the first so many seconds later. */
  const comesBack = (later: (n: number) => number): string =>
    names
      .map(
        (name, n) => `0 ${name} start
        1 alpha refused from=${name}
        2 bravo refused from=${name}
        ${1 + later(n)} alpha refused from=${name}
        ${2 + later(n)} bravo refused from=${name}`,
      )
      .join('\n');
  const told = (later: (n: number) => number, judged: Plan) =>
    verdicts(comesBack(later), 'virtual', judged)('RT-2');
  t.match(
    told((n) => 20 + n, fleet(0.5)),
    { state: 'kept', why: /8 clients back at alpha\.tcp/ },
  );
  t.match(
    told(() => 20, fleet(0.5)),
    { state: 'broken', why: 'peak/mean 10.0' },
  );
  t.match(
    told(() => 20, fleet()),
    { state: 'could-not-tell', why: /fixed pace/ },
  );
  t.match(
    told(() => 20, fleet(0.5, 7)),
    { state: 'could-not-tell', why: /7 clients are no fleet/ },
  );
  t.end();
});
