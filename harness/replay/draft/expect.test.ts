import t from 'tap';
import { HOUR, MINUTE, type Nanos } from '../../clock/clock.ts';
import type { TraceEvent } from '../../trace/event.ts';
import { castOf } from './cast.ts';
import { expectedLines } from './expect.ts';
import { linesText } from './line.ts';
import { stepLines } from './step.ts';

function on(at: Nanos, server: string, event: string, more: Partial<TraceEvent> = {}): TraceEvent {
  return { at: at + 1_000_000n, actor: server, face: 'share', event, fields: {}, ...more };
}
const offer = (at: Nanos, record: string, more: Partial<TraceEvent> = {}): TraceEvent =>
  on(at, 'bravo', 'upload-offer', {
    fields: { records: 1, record },
    usage: [{ record, program: 'word.exe', startMs: 1, stopMs: 2 }],
    ...more,
  });
const textOf = (events: readonly TraceEvent[], isAlone = true): readonly string[] =>
  linesText(expectedLines(events, isAlone, MINUTE).lines)
    .trimEnd()
    .split('\n')
    .map((line) => line.trim().replaceAll(/ {2,}/g, ' '));
const times = (count: number): readonly bigint[] => [...Array(count).keys()].map(BigInt);

t.test('attempts at one pace are one line, and another pace is another', (t) => {
  const slow = times(5).map((n) => on(HOUR + n * 15n * MINUTE, 'alpha', 'refused'));
  const fast = times(3).map((n) => on(4n * HOUR + n * MINUTE, 'alpha', 'refused'));
  t.strictSame(textOf([...slow, ...fast]), [
    '1h..1h1m alpha.share refused {5} every 15m ±1m',
    '4h..4h1m alpha.share refused {3} every 1m ±5s',
  ]);
  t.end();
});

t.test('servers that are tried in turn are a block', (t) => {
  const rounds = times(4).flatMap((n) => [
    on(HOUR + n * 15n * MINUTE, 'alpha', 'refused'),
    on(HOUR + n * 15n * MINUTE + 2n, 'bravo', 'unanswered'),
  ]);
  t.strictSame(textOf([...rounds, offer(6n * HOUR, 'a')]), [
    'any order:',
    '1h..1h1m alpha.share refused {4} every 15m ±1m',
    '1h..1h1m bravo.share unanswered {4} every 15m ±1m',
    '6h..6h1m bravo.share upload-offer records=1 record=$r1',
  ]);
  t.end();
});

t.test('each day of attempts in turn is a block of its own, so that the pace stays', (t) => {
  const rounds = times(2).flatMap((day) =>
    times(3).flatMap((n) => [
      on((4n + 4n * day) * HOUR + n * 15n * MINUTE, 'alpha', 'refused'),
      on((4n + 4n * day) * HOUR + n * 15n * MINUTE + 2n, 'bravo', 'refused'),
    ]),
  );
  t.strictSame(textOf(rounds), [
    'any order:',
    '4h..4h1m alpha.share refused {3} every 15m ±1m',
    '4h..4h1m bravo.share refused {3} every 15m ±1m',
    'any order:',
    '8h..8h1m alpha.share refused {3} every 15m ±1m',
    '8h..8h1m bravo.share refused {3} every 15m ±1m',
  ]);
  t.end();
});

t.test('a record that is offered again is the same one', (t) => {
  t.match(textOf([offer(HOUR, 'a'), offer(HOUR + 1n, 'b'), offer(9n * HOUR, 'a')]), [
    /record=\$r1$/,
    /^\.\.\+1m .*record=\$r2$/,
    /^9h\.\.9h1m .*record=\$r1$/,
  ]);
  t.end();
});

t.test('of a long and ragged session each thing is counted: it stays short', (t) => {
  const ragged = times(400).flatMap((n) => [
    on(n * n * MINUTE, 'alpha', n % 3n === 0n ? 'refused' : 'unanswered', { from: `ws${n % 40n}` }),
    offer(n * n * MINUTE + MINUTE, `r${n}`, { from: `ws${n % 7n}` }),
  ]);
  const lines = textOf(ragged, false);
  t.ok(lines.length < 10, `${lines.length}`);
  t.equal(lines[0], 'any order:');
  t.match(lines.join('\n'), /bravo\.share upload-offer \{400\}$/m);
  t.end();
});

t.test('what no case can be made of is told', (t) => {
  const header = {} as never;
  const many = times(50_001).map((n) => on(n, 'alpha', 'refused'));
  t.throws(() => castOf({ header, events: many }), /50001 events: a case is made of at most 50000/);
  const crowd = times(65).map((n) => on(n, 'alpha', 'refused', { from: `ws${n}` }));
  t.throws(() => castOf({ header, events: crowd }), /1 servers and 65 clients/);
  const step = { at: 0n, place: 0, actor: 'client', action: 'start' };
  t.throws(
    () =>
      stepLines(
        Array.from({ length: 501 }, () => step),
        [],
      ),
    /would have 501 steps/,
  );
  t.end();
});

t.test('names that a case cannot have are replaced', (t) => {
  const events = [
    on(0n, '10.0.0.1', 'refused', { from: '10.0.0.9' }),
    on(0n, 'Alpha Server', 'refused', { from: 'WS-7' }),
    on(0n, 'on', 'refused', { from: 'WS-7' }),
  ];
  const { servers, clients } = castOf({ header: {} as never, events });
  t.strictSame(servers, ['server-10-0-0-1', 'alpha-server', 'server-3']);
  t.strictSame(clients, ['client-10-0-0-9', 'ws-7']);
  t.end();
});
