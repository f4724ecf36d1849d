import t from 'tap';
import { Scene } from './session.fixture.ts';

t.test('orphan-seat: the old lease is never released', async (t) => {
  const scene = new Scene(t.testdir(), new Set(['orphan-seat']));
  await scene.begin(5);
  scene.session.take('word.exe');
  await scene.at(10);
  scene.down('alpha');
  await scene.at(50);
  scene.manner.set('alpha', 'up');
  await scene.at(600);
  t.ok(scene.log.includes('55 alpha hello'), 'it comes back');
  t.notOk(scene.log.some((line) => line.endsWith('release')));
});

t.test('a lease that was held at a kill is released after the restart', async (t) => {
  const folder = t.testdir();
  const killed = new Scene(folder);
  await killed.begin(5);
  killed.session.take('word.exe');
  await killed.at(6);

  const scene = new Scene(folder);
  scene.down('alpha');
  await scene.begin(20);
  scene.manner.set('alpha', 'up');
  await scene.at(31);
  t.same(scene.log, ['0 alpha refused', '15 alpha refused', '30 alpha hello', '30 alpha release']);
});

t.test('two runs of one program on one lease: it goes back with the last', async (t) => {
  const scene = new Scene(t.testdir());
  await scene.begin(5);
  const first = scene.session.take('word.exe');
  const second = scene.session.take('word.exe');
  await scene.at(6);
  scene.session.giveBack(first);
  await scene.at(7);
  scene.session.giveBack(second);
  await scene.at(8);
  t.same(scene.log.slice(3), ['7 alpha release']);
});
