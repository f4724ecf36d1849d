import t from 'tap';
import { parseDuration } from '../../clock/duration.ts';
import type { TraceEvent } from '../../trace/event.ts';
import { linesText } from './line.ts';
import { recordedSteps } from './recorded-play.ts';
import { stepLines } from './step.ts';

function on(
  at: string,
  actor: string,
  event: string,
  fields: TraceEvent['fields'] = {},
): TraceEvent {
  const [name, face] = actor.split('.');
  const place = { actor: name!, ...(face !== undefined && { face }) };
  return { at: parseDuration(at)!, ...place, event, fields };
}
const played = (events: readonly TraceEvent[]): readonly string[] =>
  linesText(stepLines(recordedSteps(events), events))
    .trimEnd()
    .split('\n')
    .map((line) => line.trim().replaceAll(/ {2,}/g, ' '));

t.test('a server that goes down at one pace flaps, until it no longer does', (t) => {
  const down = (at: string) => on(at, 'alpha', 'down', { fault: 'refuse' });
  const up = (at: string) => on(at, 'alpha', 'up', { fault: 'refuse' });
  const flaps = [down('10m'), up('12m'), down('20m'), up('22m'), down('30m'), up('32m')];
  const end = on('2h', 'harness', 'end');
  t.strictSame(played([...flaps, end]), [
    '10m alpha down refuse for 2m every 10m',
    '32m alpha up',
    '2h end',
  ]);
  t.equal(played([...flaps.slice(0, 4), end]).length, 5, 'twice is no pace');
  t.end();
});

t.test('faults are written as in a case', (t) => {
  const down = (fields: TraceEvent['fields']) =>
    played([on('1m', 'alpha', 'down', fields), on('2m', 'harness', 'end')])[0];
  t.equal(down({ fault: 'cut', bytes: '20', with: 'rst' }), '1m alpha down cut 20 rst');
  t.equal(down({ fault: 'slow', rate: '1000' }), '1m alpha down slow rate=1000');
  t.equal(down({ fault: '503', 'retry-after': '20m' }), '1m alpha down 503 retry-after=20m');
  t.equal(down({ fault: 'hang', 'new-only': true }), '1m alpha down hang new-only');
  t.end();
});

t.test(
  'what an event brought about waits for it; what follows by the clock is counted from there',
  (t) => {
    const events = [
      on('1m', 'client', 'start', { run: 1 }),
      on('4h3ms', 'alpha.share', 'probe', { status: 200 }),
      on('4h9ms', 'alpha.share', 'probe', { status: 200 }),
      on('4h9ms', 'alpha.share', 'close', { by: 'server' }),
      on('4h9ms', 'alpha.share', 'down', { fault: 'hang' }),
      on('4h10s9ms', 'client', 'kill'),
      on('5h7ms', 'bravo.share', 'upload-offer', { records: 1 }),
      on('5h2m7ms', 'alpha.share', 'up', { fault: 'hang' }),
      on('6h', 'harness', 'end'),
    ];
    t.strictSame(played(events), [
      '1m client start',
      'on alpha.share probe #2 alpha.share down hang',
      '+10s client kill',
      'on bravo.share upload-offer +2m alpha.share up',
      '6h end',
    ]);
    t.end();
  },
);

t.test('programs run as long as they did; at the end and at a kill they run on', (t) => {
  const command = (at: string, name: string, id: number) =>
    on(at, 'client', 'command', { id, name, program: 'word.exe' });
  const end = on('3h', 'harness', 'end');
  t.match(played([command('1h', 'start-program', 1), command('1h5m', 'stop-program', 2), end]), [
    '1h client run word.exe for 5m',
  ]);
  t.match(played([command('1h', 'start-program', 1), end]), ['1h client run word.exe for 2h1m']);
  t.match(played([command('1h', 'start-program', 1), on('2h', 'client', 'kill'), end]), [
    '1h client run word.exe for 2h1m',
  ]);
  t.end();
});
