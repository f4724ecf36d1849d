import t from 'tap';
import { metering } from '../../emulators/metering/index.ts';
import type { Step } from '../case/plan.ts';
import { HOUR, MILLISECOND, MINUTE, SECOND, type Nanos } from '../clock/clock.ts';
import type { Trace, TraceEvent, TraceHeader } from '../trace/event.ts';
import { playOf, type PlayOptions } from './play-of.ts';

const HEADER: TraceHeader = {
  meterproof: 1,
  case: 'a/b',
  client: 'x',
  time: 'virtual',
  seed: 1,
  epoch: '2001-03-01T00:00:00.000Z',
  observer: 'virtual',
};
const OPTIONS: PlayOptions = { file: 'a.jsonl', faces: metering.faces };

const server = (at: Nanos, event: string, fields: TraceEvent['fields'] = {}): TraceEvent => ({
  at,
  actor: 'alpha',
  event,
  fields,
});
const share = (
  at: Nanos,
  event: string,
  conn = 1,
  fields: TraceEvent['fields'] = {},
): TraceEvent => ({
  ...server(at, event, fields),
  face: 'share',
  from: 'ws1',
  conn,
});
const client = (at: Nanos, event: string, fields: TraceEvent['fields'] = {}): TraceEvent => ({
  at,
  actor: 'ws1',
  event,
  fields,
});
const command = (at: Nanos, name: string, fields: TraceEvent['fields'] = {}): TraceEvent =>
  client(at, 'command', { id: 1, name, ...fields });
const end = (at: Nanos): TraceEvent => ({ at, actor: 'harness', event: 'end', fields: {} });

function play(
  events: readonly TraceEvent[],
  more: Partial<PlayOptions> = {},
  header: Partial<TraceHeader> = {},
): readonly Step[] {
  const trace: Trace = { header: { ...HEADER, ...header }, events };
  return playOf(trace, { ...OPTIONS, ...more });
}

t.test('commands become runs: of two runs of a program the first has the first stop', (t) => {
  const word = { program: 'word.exe' };
  const steps = play([
    client(0n, 'start', { run: 1 }),
    command(MINUTE, 'start-program', word),
    command(2n * MINUTE, 'start-program', { ...word, version: `${'9'.repeat(60)}… (5000)` }),
    command(5n * MINUTE, 'stop-program', word),
    command(9n * MINUTE, 'stop-program', word),
    command(10n * MINUTE, 'start-program', word),
    client(11n * MINUTE, 'kill'),
    client(11n * MINUTE, 'exit', { signal: 'SIGKILL' }),
    command(12n * MINUTE, 'stop-program', word),
    end(HOUR),
    client(HOUR, 'start', { run: 2 }),
  ]);
  const runs = steps.flatMap(({ action }) => (action.kind === 'run' ? action : []));
  t.strictSame(
    runs.slice(0, 2).map(({ duration }) => duration),
    [4n * MINUTE, 7n * MINUTE],
  );
  t.equal(runs[1]?.version?.length, 5000);
  t.ok(runs[2]!.duration > HOUR, 'nobody stopped it: it ended with its process');
  t.strictSame(
    steps.map(({ action }) => action.kind),
    ['start', 'run', 'run', 'run', 'kill', 'end'],
    'what comes of the end of a play comes again by itself',
  );
  t.end();
});

t.test('a downtime lasts as long, or counts what ended it', (t) => {
  const timed = play([
    server(MINUTE, 'down', { fault: 'refuse' }),
    server(2n * MINUTE, 'down', { fault: 'slow', latency: '5s' }),
    server(3n * MINUTE, 'up', { fault: 'refuse' }),
    end(HOUR),
    server(HOUR, 'up', { fault: 'slow', latency: '5s' }),
  ]);
  t.match(timed, [
    { action: { fault: { name: 'refuse' }, until: { kind: 'for', duration: 2n * MINUTE } } },
    { action: { fault: { name: 'slow', args: { latency: '5s' } }, until: { kind: 'up' } } },
    { action: { kind: 'end' } },
  ]);
  const counted = play([
    server(0n, 'down', { fault: 'lost-ack' }),
    share(MINUTE, 'upload-accept'),
    share(HOUR, 'upload-accept', 2),
    server(HOUR, 'up', { fault: 'lost-ack' }),
    end(2n * HOUR),
  ]);
  t.match(counted[0]?.action, {
    isTold: true,
    until: { kind: 'count', event: 'upload-accept', count: 2 },
  });
  const [whole] = play([server(0n, 'down', { fault: 'lost-ack' }), end(HOUR)], { isWhole: true });
  t.notOk('isTold' in whole!.action);
  t.end();
});

t.test('what came of an event waits for it; what came of another step does not', (t) => {
  const steps = play([
    share(MINUTE, 'probe'),
    share(HOUR, 'probe', 2),
    share(HOUR, 'sent', 2),
    share(HOUR, 'close', 2, { by: 'server' }),
    client(HOUR, 'kill'),
    server(HOUR, 'down', { fault: 'refuse' }),
    share(HOUR, 'reset', 3, { by: 'server' }),
    { ...server(HOUR, 'down', { fault: 'refuse' }), actor: 'bravo' },
    end(2n * HOUR),
  ]);
  t.match(steps[0]?.time, {
    kind: 'on',
    event: { event: 'probe', face: 'share' },
    nth: 2,
    delay: 0n,
  });
  t.match(steps[1]?.time, { kind: 'after', delay: 0n });
  t.match(steps[2]?.time, { kind: 'after', delay: 0n });
  t.end();
});

t.test(
  'in real time what comes of an event is a little later; scaled time makes that more',
  (t) => {
    const events = [share(MINUTE, 'probe'), client(MINUTE + 4n * MILLISECOND, 'kill'), end(HOUR)];
    t.equal(play(events)[0]?.time.kind, 'at');
    t.match(play(events, {}, { time: 'real' })[0]?.time, { kind: 'on', delay: 4n * MILLISECOND });
    const late = [share(MINUTE, 'probe'), client(MINUTE + 100n * MILLISECOND, 'kill'), end(HOUR)];
    t.equal(play(late, {}, { time: 'real' })[0]?.time.kind, 'at');
    t.equal(play(late, {}, { time: 'scaled:60' })[0]?.time.kind, 'on');
    t.end();
  },
);

t.test('connections that a fault spared show that it was for new ones', (t) => {
  const established = [share(0n, 'connect'), server(MINUTE, 'down', { fault: 'refuse' })];
  const newOnly = (events: readonly TraceEvent[]) => {
    const action = play([...events, end(HOUR)]).find(
      ({ action: { kind } }) => kind === 'down',
    )?.action;
    return action?.kind === 'down' && action.newOnly;
  };
  t.equal(newOnly(established), true);
  t.equal(newOnly([...established, share(MINUTE, 'reset', 1, { by: 'server' })]), false);
  t.equal(newOnly([server(MINUTE, 'down', { fault: 'refuse', 'new-only': true })]), true);
  t.equal(newOnly([server(MINUTE, 'down', { fault: 'refuse' })]), false);
  t.end();
});

t.test('inferred downtimes begin and end a little before the attempt that shows them', (t) => {
  const steps = play(
    [
      client(HOUR, 'start', { run: 1 }),
      share(HOUR, 'connect'),
      { ...server(2n * HOUR, 'down', { fault: 'refuse' }), face: 'share' },
      { ...server(2n * HOUR, 'refused'), face: 'share' },
      { ...server(2n * HOUR + SECOND, 'up', { fault: 'refuse' }), face: 'share' },
      share(2n * HOUR + SECOND, 'connect', 2),
    ],
    { isInferred: true },
  );
  t.match(steps[0], { time: { at: 0n }, action: { kind: 'start' } });
  t.match(steps[1], {
    time: { at: 2n * HOUR - SECOND },
    action: { until: { kind: 'for', duration: (3n * SECOND) / 2n } },
  });
  t.match(steps.at(-1), { time: { at: 2n * HOUR + SECOND }, action: { kind: 'end' } });
  t.end();
});
