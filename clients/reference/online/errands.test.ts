import t from 'tap';
import { MINUTE_MS, Scene } from './session.fixture.ts';

t.test('a denial is final: nobody else is asked, and nothing is metered', async (t) => {
  const scene = new Scene(t.testdir());
  scene.manner.set('alpha', 'denies');
  await scene.begin(5);
  const seat = scene.session.take('word.exe');
  await scene.at(6);
  t.equal(seat.isMetered, false);
  scene.down('alpha');
  await scene.at(600);
  t.same(scene.log, [
    '0 alpha hello',
    '5 alpha request-use word.exe',
    '5 alpha request-callback word.exe',
  ]);
});

t.test('a run that was granted elsewhere is metered on when a server denies it', async (t) => {
  const scene = new Scene(t.testdir());
  scene.manner.set('bravo', 'denies');
  await scene.begin(5);
  const seat = scene.session.take('word.exe');
  await scene.at(10);
  scene.down('alpha');
  await scene.at(54);
  t.equal(seat.isMetered, true);
  scene.manner.set('alpha', 'up');
  await scene.at(600);
  t.same(scene.log.slice(5), [
    '40 bravo hello',
    '40 bravo request-use word.exe',
    '55 alpha hello',
    '55 alpha release',
    '55 bravo bye',
  ]);
});

t.test('a run that no server could be asked about is metered on when it is denied', async (t) => {
  const scene = new Scene(t.testdir());
  scene.down('alpha');
  scene.down('bravo');
  await scene.begin(5);
  const early = scene.session.take('word.exe');
  await scene.at(62);
  const late = scene.session.take('excel.exe');
  scene.manner.set('alpha', 'denies');
  await scene.at(80);
  const online = scene.session.take('winword.exe');
  await scene.at(81);
  t.same(
    [early, late, online].map(({ isMetered }) => isMetered),
    [true, true, false],
  );
  t.equal(scene.log.filter((line) => line.includes('request-use')).length, 3);
});

t.test('a live status names at most 512 leases', async (t) => {
  const scene = new Scene(t.testdir());
  await scene.begin(5);
  for (let n = 0; n < 513; n++) scene.session.take(`${n}.exe`);
  await scene.at(61);
  t.same(scene.log.slice(-2), ['60 alpha live-status', '60 alpha live-status']);
});

t.test(
  'who was denied a seat is called back, asks once, and is metered from then on',
  async (t) => {
    const scene = new Scene(t.testdir());
    scene.manner.set('alpha', 'denies');
    await scene.begin();
    const seat = scene.session.take('word.exe');
    await scene.at(10);
    t.equal(seat.isMetered, false);
    scene.manner.set('alpha', 'up');
    scene.push.get('alpha')!({ type: 'callback', program: 'WORD.exe', graceMs: 300_000 });
    await scene.at(11);
    t.match(seat, { isMetered: true, grantedAt: { elapsedMs: 10 * MINUTE_MS } });
    scene.push.get('alpha')!({ type: 'callback', program: 'word.exe', graceMs: 300_000 });
    await scene.at(12);
    t.same(scene.log, [
      '0 alpha hello',
      '0 alpha request-use word.exe',
      '0 alpha request-callback word.exe',
      '10 alpha request-use word.exe',
    ]);
  },
);

t.test('a callback for a run that is over, or denied again, is asked no more', async (t) => {
  const scene = new Scene(t.testdir());
  scene.manner.set('alpha', 'denies');
  await scene.begin();
  const over = scene.session.take('over.exe');
  scene.session.take('word.exe');
  await scene.at(1);
  scene.session.giveBack(over);
  for (const program of ['over.exe', 'word.exe', 'word.exe'])
    scene.push.get('alpha')!({ type: 'callback', program, graceMs: 300_000 });
  await scene.at(2);
  t.same(scene.log.slice(5), ['1 alpha request-use word.exe']);
});

t.test(
  'a checked-out licence needs no question, over a restart too, until its time is over',
  async (t) => {
    const folder = t.testdir();
    const scene = new Scene(folder);
    await scene.begin();
    scene.session.checkOut('word.exe', 120 * MINUTE_MS);
    await scene.at(1);
    scene.session.giveBack(scene.session.take('Word.exe'));
    await scene.at(2);
    t.same(scene.log, ['0 alpha hello', '0 alpha check-out word.exe']);

    const again = new Scene(folder);
    await again.begin(60);
    again.session.take('word.exe');
    await again.at(61);
    t.same(again.log, ['0 alpha hello']);
    await again.at(121);
    again.session.take('word.exe');
    await again.at(122);
    t.same(again.log.slice(1), ['121 alpha request-use word.exe']);
  },
);

t.test(
  'a run whose licence is checked out meanwhile releases nothing; check-in gives it back',
  async (t) => {
    const scene = new Scene(t.testdir());
    await scene.begin();
    scene.manner.set('alpha', 'denies');
    scene.session.checkOut('none.exe', MINUTE_MS);
    await scene.at(1);
    scene.manner.set('alpha', 'up');
    scene.session.checkOut('word.exe', 120 * MINUTE_MS);
    await scene.at(2);
    t.throws(() => scene.session.checkIn('none.exe'), { message: 'none.exe is not checked out' });
    scene.down('alpha');
    scene.session.checkIn('WORD.EXE');
    await scene.at(3);
    scene.manner.set('alpha', 'up');
    await scene.at(40);
    t.same(
      scene.log.filter((line) => line.includes('check')),
      ['0 alpha check-out none.exe', '1 alpha check-out word.exe', '17 alpha check-in'],
    );
  },
);
