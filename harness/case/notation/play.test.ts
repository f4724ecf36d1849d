import t from 'tap';
import { DAY, HOUR, MINUTE } from '../../clock/clock.ts';
import { caseWith, caseWithStep, load } from '../case.fixture.ts';
import type { Action, Step } from '../plan.ts';

function step(text: string): Step {
  return load(caseWithStep(text)).play[1]!;
}

const play = (steps: string): string => caseWith(`play: |\n${steps}`);

t.test('a step has a time of its own, follows the one before, or waits for an event', (t) => {
  t.same(step('1h30m  client kill').time, { kind: 'at', at: 90n * MINUTE });
  t.same(step('+5m  client kill').time, { kind: 'after', delay: 5n * MINUTE });
  t.same(step('on upload-offer client kill').time, {
    kind: 'on',
    event: { actor: '*', event: 'upload-offer', fields: {} },
    nth: 1,
    delay: 0n,
  });
  t.same(step('on alpha.share upload-offer records=2 from=client #3 +1m client kill').time, {
    kind: 'on',
    event: {
      actor: 'alpha',
      face: 'share',
      event: 'upload-offer',
      fields: { records: { kind: 'is', value: 2 } },
      from: 'client',
    },
    nth: 3,
    delay: MINUTE,
  });
  const { time, action } = step('on alpha up bravo down refuse');
  t.match(time, { event: { actor: 'alpha', event: 'up' } }, 'an event that is also an action');
  t.match(action, { kind: 'down', server: 'bravo' });
  const again = load(
    play('  0s client start\n  1h client kill\n  on client exit client start\n  2h end'),
  );
  t.match(again.play[2]!.time, { event: { actor: 'client', event: 'exit' } });
  t.end();
});

t.test('clients start, die, run programs and get their clocks set', (t) => {
  t.same(step('1h client kill').action, { kind: 'kill', client: 'client' });
  t.same(step('1h client run word.exe for 2h').action, {
    kind: 'run',
    client: 'client',
    program: 'word.exe',
    duration: 2n * HOUR,
  });
  t.same(step('1h client clock -1d').action, { kind: 'clock', client: 'client', by: -DAY });
  t.same(step('1h client clock +1d').action, { kind: 'clock', client: 'client', by: DAY });
  const { text, position } = step('1h   client  kill   # a comment');
  t.equal(text, '1h   client  kill');
  t.match(position, { line: 6, column: 3 });
  t.end();
});

t.test('servers go down with a fault, on a face or on all that know it, and come up', (t) => {
  const down = (text: string) =>
    step(`1h alpha${text}`).action as Extract<Action, { kind: 'down' }>;
  const base = { kind: 'down', server: 'alpha', newOnly: false, until: { kind: 'up' } };
  t.same(down(' down refuse'), { ...base, fault: { name: 'refuse', args: {} } });
  t.same(down('.share down slow 20s'), {
    ...base,
    face: 'share',
    fault: { name: 'slow', args: { latency: '20s' } },
  });
  t.same(down(' down slow 20s rate=1000'), {
    ...base,
    fault: { name: 'slow', args: { latency: '20s', rate: '1000' } },
  });
  t.same(down(' down slow rate=1000').fault, { name: 'slow', args: { rate: '1000' } });
  t.same(down(' down garbage').fault, { name: 'garbage', args: {} });
  t.same(down(' down garbage at=5').fault, { name: 'garbage', args: { at: '5' } });
  t.same(down(' down refuse for 2m every 10m').until, {
    kind: 'for',
    duration: 2n * MINUTE,
    every: 10n * MINUTE,
  });
  t.same(down(' down cut 20 rst new-only for 2h'), {
    ...base,
    fault: { name: 'cut', args: { bytes: '20', with: 'rst' } },
    newOnly: true,
    until: { kind: 'for', duration: 2n * HOUR },
  });
  t.same(down(' down lost-ack for 2 upload-accepts'), {
    ...base,
    fault: { name: 'lost-ack', args: {} },
    until: { kind: 'count', event: 'upload-accept', count: 2 },
  });
  t.same(down(' down 503 retry-after=2m'), {
    ...base,
    fault: { name: '503', args: { 'retry-after': '2m' } },
  });
  t.same(
    load(play('  0s client start\n  0s alpha down hang\n  1h alpha.pipe up\n  2h end')).play[2]!
      .action,
    {
      kind: 'up',
      server: 'alpha',
      face: 'pipe',
    },
  );
  t.end();
});

t.test('the state of a server and the user of a client are steps too', (t) => {
  const server = { server: 'alpha' };
  t.same(step('1h alpha restart').action, { kind: 'restart', ...server, state: 'kept' });
  t.same(step('1h alpha restart state=kept').action, { kind: 'restart', ...server, state: 'kept' });
  t.same(step('1h alpha restart state=lost').action, { kind: 'restart', ...server, state: 'lost' });
  t.same(step('1h alpha clock-skew -1h').action, { kind: 'clock-skew', ...server, by: -HOUR });
  t.same(step('1h alpha seats word.exe=0').action, {
    kind: 'seats',
    ...server,
    program: 'word.exe',
    seats: 0,
  });
  const user = { client: 'client', program: 'word.exe' };
  t.same(step('1h client check-out word.exe for 3d').action, {
    kind: 'check-out',
    ...user,
    duration: 3n * DAY,
  });
  t.same(step('1h client check-in word.exe').action, { kind: 'check-in', ...user });
  t.same(step('1h client disk full').action, { kind: 'disk', client: 'client', state: 'full' });
  t.match(step('1h client run letter.exe as GAME.EXE version=8.0 for 5m').action, {
    program: 'letter.exe',
    originalName: 'GAME.EXE',
    version: '8.0',
    duration: 5n * MINUTE,
  });
  t.match(step('1h client run word.exe version=8.*400 for 5m').action, {
    version: '8.'.repeat(400),
  });
  t.end();
});

t.test('downtimes that only may meet, or mean the same, contradict nothing', (t) => {
  for (const lines of [
    ['1h alpha down refuse for 1h', '2h alpha down black-hole'],
    ['1h alpha.share down refuse', '2h alpha.pipe down black-hole'],
    ['1h alpha down refuse', '2h bravo down black-hole'],
    ['1h alpha down refuse', '+1h alpha up', '+0s alpha down black-hole'],
    ['1h alpha down black-hole', '2h alpha down half-open'],
    ['1h alpha down refuse', '2h alpha down hang'],
    ['1h alpha down refuse', 'on probe alpha down black-hole'],
    ['1h alpha down refuse', 'on probe alpha up', '3h alpha down black-hole'],
    ['1h alpha down refuse for 5m every 20m', '1h10m alpha down black-hole for 5m'],
    ['1h alpha down refuse for 5m every 20m', '1h10m alpha down black-hole', '1h15m alpha up'],
  ])
    t.equal(load(caseWithStep(lines.join('\n  '))).play.length, lines.length + 2, lines.join('; '));
  t.end();
});

t.test('a server flaps as often as a trace can hold beside what the client does', (t) => {
  for (const lines of [
    ['1h alpha down refuse for 1s every 3s'],
    ['1h alpha down refuse for 1ms every 10ms', '+1m alpha up'],
    ['1h alpha.share down refuse for 1ms every 10ms', 'on probe alpha up'],
  ])
    t.equal(load(caseWithStep(lines.join('\n  '))).play.length, lines.length + 2, lines.join('; '));
  t.end();
});
