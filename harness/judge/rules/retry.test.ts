// RT-1 and RT-4 on hand-made traces: kept, broken, could not tell.
import t from 'tap';
import { MINUTE, SECOND } from '../../clock/clock.ts';
import { check, OFFLINE, ONLINE, planOf } from '../judge.fixture.ts';
import { RT_1 } from './rt-1.ts';
import { RT_4 } from './rt-4.ts';

const plan = planOf();
const online = planOf({ clients: [ONLINE] });
const BEGIN = '0s client start run=1\n0s alpha down fault=refuse';
const END = '20h harness end\n25h harness drained';

t.test('RT-1: attempts after a failure are spaced by the delay', (t) => {
  const spaced = '4h alpha.share refused\n4h15m alpha.share refused\n4h30m alpha.share refused';
  t.match(check(RT_1, plan, `${BEGIN}\n${spaced}\n8h alpha.share PROBE\n${END}`), {
    state: 'kept',
    why: '4 attempts on alpha.share, gaps 15m, 15m, 3h30m',
  });
  t.match(
    check(RT_1, plan, `${BEGIN}\n4h alpha.share refused\n4h14m alpha.share refused\n${END}`),
    {
      state: 'broken',
      why: '14m after the attempt before: 1m too soon',
      finding: { actual: '4h14m  alpha.share  refused', marginNs: MINUTE - SECOND },
    },
  );
  t.match(
    check(RT_1, plan, `${BEGIN}\n4h alpha.share HANG\n4h1m alpha.share PROBE\n${END}`),
    { state: 'broken' },
    'silence is a failure',
  );
  const onPipe = `${BEGIN}\n20m alpha.pipe refused\n20m1ms alpha.pipe refused\n${END}`;
  t.match(check(RT_1, online, onPipe), { state: 'broken' });
  t.end();
});

t.test('RT-1: what is no retry needs no gap', (t) => {
  const free: readonly (readonly [why: string, text: string])[] = [
    ['one pass over a healthy server', '4h alpha.share PROBE\n4h3ms alpha.share CONFIG'],
    ['each server has its own gap', '4h alpha.share refused\n4h1ms bravo.share refused'],
    ['a poll that is due', '7h50m alpha.share refused\n8h alpha.share refused'],
    [
      'a new process',
      '4h alpha.share refused\n4h1m client kill\n4h1m client start\n4h1m1s alpha.share refused',
    ],
  ];
  for (const [why, text] of free)
    t.not(check(RT_1, plan, `${BEGIN}\n${text}\n${END}`).state, 'broken', why);
  t.match(
    check(
      RT_1,
      online,
      `0s client start\n0s alpha.pipe HELLO #1\n10m alpha.pipe reset conn=1 by=server\n10m1ms alpha.pipe refused\n${END}`,
    ),
    { state: 'could-not-tell' },
    'the first attempt after a connection that had lasted',
  );
  t.match(
    check(RT_1, plan, `${BEGIN}\n7h40m alpha.share refused\n7h50m alpha.share refused\n${END}`),
    {
      state: 'broken',
    },
  );
  t.match(check(RT_1, plan, `${BEGIN}\n${END}`, false), { missing: 'observer' });
  t.end();
});

t.test('RT-4: a storm is one attempt too many in a minute', (t) => {
  const attempts = (count: number, apart: number, word = 'refused'): string =>
    [...Array(count).keys()].map((n) => `${4 * 3600 + n * apart}s alpha.share ${word}`).join('\n');
  t.match(check(RT_4, plan, `${BEGIN}\n${attempts(10, 1)}\n${END}`), {
    state: 'kept',
    why: 'at most 10 in a minute, on alpha.share up to 4h9s',
  });
  t.match(check(RT_4, plan, `${BEGIN}\n${attempts(11, 1)}\n${END}`), {
    state: 'broken',
    why: 'this is number 11 within 10s',
    finding: { actual: '4h10s  alpha.share  refused', marginNs: 50n * SECOND },
  });
  t.match(
    check(RT_4, plan, `${BEGIN}\n${attempts(100, 6)}\n${END}`),
    { state: 'kept' },
    'ten a minute',
  );
  t.match(
    check(RT_4, plan, `${BEGIN}\n${attempts(100, 5, 'PROBE')}\n${END}`),
    { state: 'broken' },
    'answered or not',
  );
  t.match(check(RT_4, plan, `${BEGIN}\n${END}`, false), { state: 'could-not-tell' });
  t.end();
});

t.test('RT-4: what the settings ask for every few seconds is no storm', (t) => {
  const every3s = planOf({ clients: [{ ...OFFLINE, pollingIntervalNs: 3n * SECOND }] });
  const polls = (perPoll: number): string =>
    [...Array(60).keys()]
      .map((n) => `${14_400 + Math.floor(n / perPoll) * 3}s alpha.share PROBE`)
      .join('\n');
  t.match(check(RT_4, every3s, `${BEGIN}\n${polls(3)}\n${END}`), {
    state: 'kept',
    why: 'at most 9 in 9s, on alpha.share up to 4h6s',
  });
  t.match(check(RT_4, every3s, `${BEGIN}\n${polls(4)}\n${END}`), {
    state: 'broken',
    finding: { expected: 'at most 10 attempts on alpha in 9s' },
  });
  const stated = planOf({
    clients: every3s.clients,
    policy: { order: 'listed', attemptsPerMinute: 10 },
  });
  t.match(
    check(RT_4, stated, `${BEGIN}\n${polls(3)}\n${END}`),
    { state: 'broken', finding: { expected: 'at most 10 attempts on alpha in a minute' } },
    'a budget that the profile states is one of a minute',
  );
  t.end();
});

t.test('RT-4: work is no storm', (t) => {
  const ids = [...Array(30).keys()];
  const records = ids.map((n) => `record r${n} a.exe ${n + 1}m ${n + 2}m`).join('\n');
  const upload = (id: (n: number) => number): string =>
    ids.map((n) => `${14_400 + n}s alpha.share UPLOAD r${id(n)}`).join('\n');
  t.match(
    check(
      RT_4,
      planOf({ clients: [OFFLINE] }),
      `${records}\n${BEGIN}\n${upload((n) => n)}\n${END}`,
    ),
    {
      state: 'could-not-tell',
    },
  );
  t.match(
    check(RT_4, planOf(), `${records}\n${BEGIN}\n${upload(() => 0)}\n${END}`),
    { state: 'broken' },
    'the same record over and over',
  );
  t.end();
});
