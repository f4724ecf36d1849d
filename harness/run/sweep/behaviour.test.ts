import t from 'tap';
import { judge } from '../../judge/judge.ts';
import { ONLINE, planOf, traceOf } from '../../judge/judge.fixture.ts';
import { type Behaviour, behaviourOf } from './behaviour.ts';
import { difference, distance } from './difference.ts';

const END = '\n7h harness end\n12h harness drained';
const plan = planOf();

function behaviour(text: string, of = plan): Behaviour {
  const trace = traceOf(`0s client start run=1\n${text}${END}`);
  return behaviourOf(of, trace.events, judge(of, trace));
}

const SAVED = 'record r1 notepad.exe 10m 15m\n10m client RUN notepad.exe 5m\n';
const upload = (at: string, server: string) => `${at} ${server}.share UPLOAD r1`;

t.test('times, ids and connections are no part of a behaviour', (t) => {
  const a = behaviour(`${SAVED}4h alpha.share refused\n${upload('4h1s', 'bravo')}`);
  const b = behaviour(
    `${SAVED.replace('r1', 'zz')}5h alpha.share refused\n${upload('5h2m', 'bravo').replace('r1', 'zz')}`,
  );
  t.equal(distance(a, b), 0);
  t.same(difference(a, b), { major: [], minor: [] });
  t.end();
});

t.test('attempts are counted in a row, to what the case allows', (t) => {
  const rowOf = (...lines: readonly string[]) =>
    behaviour(lines.join('\n')).traits.get('failed attempts in a row on alpha.share')?.value;
  const alpha = (minute: number) => `4h${minute}m alpha.share refused`;
  t.equal(rowOf(alpha(1), alpha(2)), 2);
  t.equal(rowOf(alpha(1), '4h2m bravo.share refused', alpha(3)), 1, 'another server ends a row');
  t.equal(rowOf(alpha(1), '4h2m alpha.share PROBE', alpha(3)), 1, 'a success ends a row');
  t.equal(rowOf(alpha(1), '4h2m bravo.pipe refused', alpha(3)), 2, 'another face does not');
  t.equal(
    rowOf(alpha(1), alpha(2), '4h3m bravo.share PROBE', alpha(4), alpha(5), alpha(6)),
    2,
    'later rows do not count',
  );
  t.equal(rowOf(alpha(1), alpha(2), alpha(3)), 3);
  t.equal(rowOf(alpha(1), alpha(2), alpha(3), alpha(4)), 'more than 3');
  t.equal(rowOf(alpha(1), alpha(2), alpha(3), alpha(4), alpha(5)), 'more than 3');
  t.end();
});

t.test('another server, another count and a lost record are told in words', (t) => {
  const alpha = behaviour(`${SAVED}${upload('4h', 'alpha')}`);
  const bravo = behaviour(`${SAVED}4h alpha.share refused\n${upload('4h1s', 'bravo')}`);
  const lost = behaviour(`${SAVED}4h alpha.share refused\n4h1s bravo.share refused`);
  t.equal(distance(alpha, bravo), 2);
  t.match(difference(alpha, bravo), {
    major: ['first upload-accept by bravo instead of alpha'],
    turns: 'turns to bravo for its uploads',
  });
  t.ok(
    difference(alpha, bravo).minor.includes(
      '1 instead of 0 failed attempts in a row on alpha.share',
    ),
  );
  const { major, turns } = difference(bravo, lost);
  t.match(major[0], /^verdict fail SF-1.* instead of pass$/);
  t.ok(major.includes('lost 1 instead of 0'));
  t.match(turns, /^fails \(SF-1: /);
  t.match(difference(lost, bravo).turns, /^passes$/);
  t.end();
});

t.test('what a client says counts as major only where it says that it is offline', (t) => {
  const said = (event: string) => behaviour(`1h client said event=${event}`);
  const nothing = behaviour('');
  t.equal(distance(nothing, said('pipe-failed')), 1);
  t.equal(distance(nothing, said('offline')), 2);
  t.equal(difference(nothing, said('offline')).turns, 'turns offline');
  t.equal(difference(said('offline'), nothing).turns, 'stays online');
  t.end();
});

t.test('several clients are told apart', (t) => {
  const two = planOf({ clients: [ONLINE, { ...ONLINE, name: 'other' }] });
  const { traits } = behaviour('1h alpha.pipe refused from=other', two);
  t.ok(traits.has('failed attempts in a row on other at alpha.pipe'));
  t.end();
});
