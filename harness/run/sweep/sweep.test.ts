// A whole sweep against a client that is a function: what is played, what comes out.
import t from 'tap';
import { caseWith, load } from '../../case/case.fixture.ts';
import { MINUTE, type Nanos, SECOND } from '../../clock/clock.ts';
import { judge } from '../../judge/judge.ts';
import { traceOf } from '../../judge/judge.fixture.ts';
import { palette } from '../../report/palette.ts';
import { headline, sweepJson, sweepText } from '../../report/sweep-text.ts';
import type { Player } from './player.ts';
import { sweep, type SweepOptions } from './sweep.ts';

const plan = load(
  caseWith(
    'client: { attempts: 3 }\nplay: |\n  0s  client  start\n  10m  alpha  down refuse for 20m\n  7h  end',
  ),
);
const END = '7h harness end\n12h harness drained';

/** Tries alpha every 15 minutes from 10m on while it is down, and turns to bravo after three attempts. */
const player: Player = {
  play: (plans) =>
    Promise.resolve(
      plans.map((one) => {
        const down = one.play.find(({ action }) => action.kind === 'down')!.action;
        const until = down.kind === 'down' ? down.until : undefined;
        const lasts: Nanos = until?.kind === 'for' ? until.duration : 0n;
        const failed = Math.min(3, Math.ceil(Number(lasts / SECOND) / 900));
        const tries = Array.from({ length: failed }, (_, n) => `${n}h10m alpha.share refused`);
        const taker = lasts >= 45n * MINUTE ? 'bravo' : 'alpha';
        const trace = traceOf(
          [
            'record r1 notepad.exe 1m 2m',
            '0s client start run=1',
            '1m client RUN notepad.exe 1m',
            ...tries,
            `6h ${taker}.share UPLOAD r1`,
            END,
          ].join('\n'),
        );
        return { trace, judgement: judge({ ...one, expect: one.expect }, trace) };
      }),
    ),
};

const INFO = {
  client: 'mine',
  time: 'virtual',
  seed: 1,
  epoch: '2024-02-01T00:00:00.000Z',
};
const OPTIONS: SweepOptions = {
  variation: {
    quantity: 'outage',
    from: 10n * SECOND,
    to: 3n * 24n * 60n * MINUTE,
    downtimes: [1],
  },
  resolution: SECOND,
  samples: 25,
  maxRuns: 200,
  expect: false,
};

t.test('regimes and the changes between them', async (t) => {
  const result = await sweep(plan, OPTIONS, player);
  t.same(
    result.changes.map(({ after, at, narrowed }) => [after / SECOND, at / SECOND, narrowed]),
    [
      [900n, 901n, true],
      [1800n, 1801n, true],
      [2699n, 2700n, true],
    ],
  );
  t.equal(result.regimes.length, 4);
  t.equal(
    headline(result, 'mine'),
    'mine tolerates an outage of 44m59s, turns to bravo for its uploads at 45m',
  );
});

t.test('the same whenever it is asked', async (t) => {
  const text = async () => sweepText(await sweep(plan, OPTIONS, player), INFO, palette(false));
  t.equal(await text(), await text());
});

t.test('the text says where, what, and draws it', async (t) => {
  const text = sweepText(await sweep(plan, OPTIONS, player), INFO, palette(false));
  t.match(
    text,
    /^10s \.\. 15m +pass +alpha\.share upload-accept; delivered 1; 1 failed attempt in a row on alpha\.share$/m,
  );
  t.match(text, /^15m1s \.\. 30m +pass +2 instead of 1 failed attempts in a row on alpha\.share$/m);
  t.match(text, /^45m \.\. 3d +pass +first upload-accept by bravo instead of alpha; /m);
  t.match(text, /^bravo\.share upload-accept +·+█+$/m);
  t.match(text, /^outage +10s +1m +10m +1h +6h/m);
  t.notMatch(text, /max-runs/);
});

t.test('a sweep that ran out of runs says so', async (t) => {
  const text = sweepText(
    await sweep(plan, { ...OPTIONS, maxRuns: 27 }, player),
    INFO,
    palette(false),
  );
  t.match(
    text,
    /27 runs, .*; \d changes? (?:is|are) not narrowed down: --max-runs 27 were used up/,
  );
  t.match(text, /\(somewhere in between\)/);
});

t.test('a range without a change, and a single value, are told as such', async (t) => {
  const variation = { ...OPTIONS.variation, to: 10n * MINUTE };
  const same = await sweep(plan, { ...OPTIONS, variation }, player);
  t.equal(
    headline(same, 'mine'),
    'mine: passes, and nothing changes, with an outage of 10s to 10m',
  );
  const single = { ...OPTIONS, variation: { ...variation, to: variation.from } };
  const one = await sweep(plan, single, player);
  t.equal(one.tried.length, 1);
  t.ok(
    sweepText(one, INFO, palette(false)).includes(
      '\n1 run, time virtual, seed 1, epoch 2024-02-01T00:00:00.000Z\n',
    ),
  );
});

t.test('with the expected lines of the case the verdict may change', async (t) => {
  const result = await sweep(plan, { ...OPTIONS, expect: true }, player);
  t.equal(result.regimes[0]!.behaviour.verdict, 'fail', 'alpha.share connect at 4h never comes');
});

t.test('JSON has the same in the units of the options', async (t) => {
  const text = sweepJson(await sweep(plan, OPTIONS, player), INFO);
  t.match(JSON.parse(text), {
    client: 'mine',
    case: plan.id,
    vary: 'outage',
    from: '10s',
    to: '3d',
    regimes: [{ from: '10s', to: '15m', verdict: 'pass', traits: { delivered: 1 } }],
    changes: [{ after: '15m', at: '15m1s', narrowed: true }],
  });
});
