import t from 'tap';
import { NO_BUGS } from '../bugs.ts';
import { Scene } from './session.fixture.ts';

t.test('it stays with its assigned server and says that it lives', async (t) => {
  const scene = new Scene(t.testdir());
  await scene.begin(10);
  const seat = scene.session.take('word.exe');
  await scene.at(130);
  scene.session.giveBack(seat);
  await scene.at(300);
  t.same(scene.log, [
    '0 alpha hello',
    '10 alpha request-use word.exe',
    '60 alpha live-status',
    '120 alpha live-status',
    '130 alpha release',
  ]);
});

t.test('it uses its attempts, spaced, before it switches, and comes back', async (t) => {
  const scene = new Scene(t.testdir());
  await scene.begin(5);
  const first = scene.session.take('word.exe');
  await scene.at(10);
  scene.down('alpha');
  await scene.at(69);
  scene.manner.set('alpha', 'up');
  await scene.at(75);
  const second = scene.session.take('excel.exe');
  await scene.at(80);
  scene.session.giveBack(first);
  scene.session.giveBack(second);
  await scene.at(81);
  t.same(scene.log, [
    '0 alpha hello',
    '5 alpha request-use word.exe',
    '10 alpha refused',
    '25 alpha refused',
    '40 alpha refused',
    '40 bravo hello',
    '40 bravo request-use word.exe',
    '55 alpha refused',
    '60 bravo live-status',
    '70 alpha hello',
    '70 alpha release',
    '75 alpha request-use excel.exe',
    '80 bravo release',
    '80 alpha release',
    '80 bravo bye',
  ]);
});

t.test('hasty-switch: the next server after the first failure', async (t) => {
  const scene = new Scene(t.testdir(), new Set(['hasty-switch']));
  await scene.begin(5);
  scene.session.take('word.exe');
  await scene.at(10);
  scene.down('alpha');
  await scene.at(11);
  t.same(scene.log.slice(2), [
    '10 alpha refused',
    '10 bravo hello',
    '10 bravo request-use word.exe',
  ]);
});

t.test('an idle client reconnects only when it has to', async (t) => {
  const scene = new Scene(t.testdir());
  await scene.begin(10);
  scene.drop('alpha');
  await scene.at(100);
  t.same(scene.log, ['0 alpha hello']);
  scene.session.take('word.exe');
  await scene.at(101);
  t.same(scene.log.slice(1), ['100 alpha hello', '100 alpha request-use word.exe']);
});

t.test('no server at all: it meters by itself until the assigned one is back', async (t) => {
  const scene = new Scene(t.testdir());
  scene.down('alpha');
  scene.down('bravo');
  await scene.begin(31);
  t.notOk(scene.report.events.includes('offline'));
  await scene.at(61);
  t.ok(scene.report.events.includes('offline'));
  const seat = scene.session.take('word.exe');
  await scene.at(80);
  t.equal(seat.isMetered, true);
  scene.manner.set('bravo', 'up').set('alpha', 'up');
  await scene.at(100);
  t.same(scene.log, [
    '0 alpha refused',
    '15 alpha refused',
    '30 alpha refused',
    '30 bravo refused',
    '45 bravo refused',
    '60 bravo refused',
    '60 alpha refused',
    '75 alpha refused',
    '90 alpha hello',
    '90 alpha request-use word.exe',
  ]);
});

t.test('a silent server is an attempt that failed, also after its welcome', async (t) => {
  const scene = new Scene(t.testdir());
  await scene.begin(5);
  scene.manner.set('alpha', 'silent');
  scene.session.take('word.exe');
  await scene.at(59);
  t.same(scene.log, [
    '0 alpha hello',
    '5 alpha request-use word.exe',
    '5 alpha hello',
    '20 alpha hello',
    '35 alpha hello',
    '35 bravo hello',
    '35 bravo request-use word.exe',
    '50 alpha hello',
  ]);
});

t.test(
  'a busy server is asked again at the pace that it names, then it counts as down',
  async (t) => {
    const scene = new Scene(t.testdir());
    scene.manner.set('alpha', 'busy');
    await scene.begin(5);
    scene.session.take('word.exe');
    await scene.at(66);
    t.same(scene.log, [
      '0 alpha hello',
      '5 alpha request-use word.exe',
      '25 alpha request-use word.exe',
      '45 alpha request-use word.exe',
      '45 alpha bye',
      '45 bravo hello',
      '45 bravo request-use word.exe',
      '60 bravo live-status',
      '65 alpha hello',
    ]);
  },
);

t.test('a refused login is not tried again, there or elsewhere', async (t) => {
  const scene = new Scene(t.testdir());
  scene.manner.set('alpha', 'refuses-login');
  await scene.begin(5);
  const seat = scene.session.take('word.exe');
  await scene.at(600);
  t.same(scene.log, ['0 alpha hello']);
  t.equal(seat.isMetered, true);
});

t.test('a login that one server refuses ends the questions to all of them', async (t) => {
  const scene = new Scene(t.testdir());
  await scene.begin(5);
  scene.session.take('word.exe');
  await scene.at(10);
  scene.down('alpha');
  await scene.at(45);
  scene.manner.set('alpha', 'refuses-login');
  await scene.at(59);
  scene.session.take('excel.exe');
  await scene.at(600);
  t.same(scene.log.slice(-3), ['40 bravo request-use word.exe', '55 alpha hello', '55 bravo bye']);
});

t.test('a server that drops each connection is not asked without pause', async (t) => {
  const scene = new Scene(t.testdir());
  await scene.begin(5);
  scene.session.take('word.exe');
  await scene.at(6);
  for (let n = 0; n < 10; n++) {
    scene.drop('alpha');
    await scene.at(6 + n / 100);
  }
  t.same(scene.log.slice(2), ['6 alpha hello']);
});

t.test('three servers: after the second comes the third, then the first again', async (t) => {
  const scene = new Scene(t.testdir(), NO_BUGS, ['alpha', 'bravo', 'charlie']);
  await scene.begin(5);
  scene.session.take('word.exe');
  await scene.at(10);
  scene.down('alpha');
  await scene.at(50);
  scene.down('bravo');
  await scene.at(81);
  const bravoOn = scene.log.filter((line) => !line.includes('alpha'));
  t.same(bravoOn, [
    '40 bravo hello',
    '40 bravo request-use word.exe',
    '50 bravo refused',
    '65 bravo refused',
    '80 bravo refused',
    '80 charlie hello',
    '80 charlie request-use word.exe',
  ]);
});
