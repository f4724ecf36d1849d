import t from 'tap';
import { NO_BUGS } from './bugs.ts';
import { readConfiguration } from './configuration.ts';
import { ForbiddenPrograms } from './forbidden-programs.ts';
import { Meter, type Seat, type UsageRecord } from './meter.ts';
import { ManualTime } from './time.fixture.ts';

const configuration = readConfiguration({
  client: 'ws1',
  user: 'user1',
  workstation: 'WS1',
  mode: 'online',
  servers: [{ name: 'alpha', pipe: 'a:1', share: 'a:2' }],
  attempts: 1,
  retryDelayMs: 1,
  pollingIntervalMs: 1,
  liveStatusIntervalMs: 1,
  connectTimeoutMs: 1,
  answerTimeoutMs: 1,
});

function scene(isMetered = true) {
  const time = new ManualTime();
  const records: UsageRecord[] = [];
  const givenBack: Seat[] = [];
  const spool = { append: (record: UsageRecord) => void records.push(record) };
  const seats = {
    take: () => ({ isMetered }),
    giveBack: (seat: Seat) => void givenBack.push(seat),
  };
  return { time, records, givenBack, spool, meter: new Meter(configuration, spool, time, seats) };
}

t.test('one run is one record, as long as it took whatever the clock says', async (t) => {
  const { meter, time, records, givenBack } = scene();
  meter.start('word.exe');
  time.setWallClock(-86_400_000);
  await time.goTo(300_000);
  meter.stop('word.exe');
  t.match(records, [
    {
      client: 'ws1',
      program: 'word.exe',
      start: '1999-03-01T08:00:00.000Z',
      stop: '1999-03-01T08:05:00.000Z',
    },
  ]);
  t.equal(givenBack.length, 1);
  t.throws(() => meter.stop('word.exe'), /does not run/);
});

t.test('a denied run makes no record', (t) => {
  const { meter, records, givenBack } = scene(false);
  meter.start('word.exe');
  meter.stop('word.exe');
  t.same(records, []);
  t.equal(givenBack.length, 1);
  t.end();
});

t.test('a record that is not durable is told, and its run is over all the same', (t) => {
  const { meter, spool, givenBack } = scene();
  spool.append = () => {
    throw new Error('disk full');
  };
  meter.start('word.exe');
  t.throws(() => meter.stop('word.exe'), /disk full/);
  t.equal(givenBack.length, 1);
  t.throws(() => meter.stop('word.exe'), /does not run/);
  t.end();
});

t.test('a forbidden program is denied without a question, also when it is renamed', (t) => {
  const { time, spool, records, givenBack } = scene();
  const asked: string[] = [];
  const seats = {
    take: (program: string) => {
      asked.push(program);
      return { isMetered: true };
    },
    giveBack: (seat: Seat) => void givenBack.push(seat),
  };
  const forbidden = new ForbiddenPrograms(
    Buffer.from('[ForbiddenPrograms]\r\ngame.exe=1\r\n'),
    NO_BUGS,
  );
  const meter = new Meter(configuration, spool, time, seats, NO_BUGS, forbidden);
  meter.start('game.exe');
  meter.start('letter.exe', { originalName: 'GAME.EXE', version: '' });
  meter.start('word.exe', { originalName: 'WINWORD.EXE', version: '8.0' });
  for (const program of ['game.exe', 'letter.exe', 'word.exe']) meter.stop(program);
  t.same(asked, ['word.exe']);
  t.match(records, [{ program: 'word.exe', originalName: 'WINWORD.EXE', version: '8.0' }]);
  t.equal(records.length, 1);
  t.equal(givenBack.length, 1);
  t.end();
});
