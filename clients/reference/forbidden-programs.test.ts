import t from 'tap';
import { NO_BUGS } from './bugs.ts';
import { ForbiddenPrograms } from './forbidden-programs.ts';

const TEXT = [
  '[LicMtr]',
  'Version=3',
  '',
  '[ForbiddenPrograms]',
  'Game.exe=1',
  'old.exe=0',
  '',
  '[ExcludedPrograms]',
  'tool.exe=1',
  '',
].join('\r\n');

t.test('programs are forbidden under their name and their original name', (t) => {
  const forbidden = new ForbiddenPrograms(Buffer.from(TEXT), NO_BUGS);
  t.equal(forbidden.has('GAME.exe', ''), true);
  t.equal(forbidden.has('letter.exe', 'game.EXE'), true);
  t.equal(forbidden.has('old.exe', ''), false, 'no longer');
  t.equal(forbidden.has('tool.exe', ''), false, 'excluded is another list');
  forbidden.learn(Buffer.from('[LicMtr]\r\nVersion=4\r\n'));
  t.equal(forbidden.has('game.exe', ''), false);
  t.equal(new ForbiddenPrograms(undefined, NO_BUGS).has('game.exe', ''), false);
  t.end();
});

t.test('a list of megabytes behind it does no harm', (t) => {
  const excluded = Array.from({ length: 100_000 }, (_, n) => `excluded-program-${n}.exe=1\r\n`);
  const content = Buffer.from(TEXT + excluded.join(''));
  t.equal(new ForbiddenPrograms(content, NO_BUGS).has('game.exe', ''), true);
  t.end();
});
