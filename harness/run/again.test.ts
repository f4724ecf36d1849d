import { join } from 'node:path';
import t from 'tap';
import { caseWith, load } from '../case/case.fixture.ts';
import { packageRoot } from '../client/package-root.ts';
import { splitWords } from '../client/words.ts';
import { againCommand, type Setting } from './again.ts';

const plan = load(caseWith('play: |\n  0s  client  start\n  5m  end'));
const setting: Setting = {
  client: 'reference',
  mode: { mode: 'virtual' },
  seed: 1,
  epochMs: Date.UTC(2026, 0, 1),
};
const builtIn = { ...plan, id: 'offline/x', file: join(packageRoot(), 'suites/offline/x.yaml') };

t.test('the command says all that the trace depends on, also what is the default today', (t) => {
  t.equal(
    againCommand(builtIn, setting),
    'meterproof run offline/x --client reference --time virtual --seed 1 --epoch 2026-01-01',
  );
  t.equal(
    againCommand(
      { ...plan, id: 'mine/x', file: 'my suites/mine/x.yaml' },
      {
        ...setting,
        client: "python3 'my client.py'",
        mode: { mode: 'in-process' },
        seed: 7,
        epochMs: Date.UTC(2001, 2, 25, 2, 30, 15),
        given: { suites: 'my suites', dialect: './d.ts', rules: './r.ts' },
        stallMs: 1500,
        repeat: 3,
      },
    ),
    "meterproof run mine/x --suites 'my suites' --client 'python3 '\\''my client.py'\\''' --dialect ./d.ts --rules ./r.ts " +
      '--time in-process --seed 7 --epoch 2001-03-25T02:30:15Z --stall 1500ms --repeat 3',
  );
  t.end();
});

t.test('a shell reads from it what was meant', (t) => {
  const client = `"a b" 'c' $HOME \`d\` \\`;
  const words = splitWords(againCommand(builtIn, { ...setting, client }));
  t.equal(words[words.indexOf('--client') + 1], client);
  t.end();
});

t.test('a case is named so that it has the same id again', (t) => {
  const named = (file: string, id: string, suites?: string): string =>
    againCommand({ ...plan, id, file }, { ...setting, given: { cwd: '/home', suites } })
      .split(' --client')[0]!
      .slice('meterproof run '.length);
  t.equal(
    named('/home/mine/suites/a/b.yaml', 'a/b', '/home/mine/suites'),
    'a/b --suites /home/mine/suites',
  );
  t.equal(named('mine/x.yaml', 'x', './mine'), 'x --suites ./mine');
  t.equal(named('mine/x.yaml', 'mine/x', './mine'), 'mine/x.yaml', 'it was named by its path');
  t.equal(named('suites/a/b.yaml', 'a/b'), 'suites/a/b.yaml', 'a folder with the name of ours');
  t.end();
});

t.test('where time is not virtual no date is promised, and scaled time keeps its number', (t) => {
  const text = againCommand(builtIn, { ...setting, mode: { mode: 'scaled', factor: 12 } });
  t.match(text, /--time scaled:12 --seed 1$/);
  t.notMatch(text, '--epoch');
  t.end();
});

t.test('a date is as short as it can be', (t) => {
  const at = (...date: [number, number, number, number?, number?, number?]): string =>
    againCommand(builtIn, { ...setting, epochMs: Date.UTC(...date) }).split('--epoch ')[1]!;
  t.equal(at(2001, 2, 25, 2, 30), '2001-03-25T02:30Z');
  t.equal(at(2001, 2, 25, 2, 0, 0), '2001-03-25T02:00Z');
  t.equal(at(2001, 2, 25, 0, 0, 1), '2001-03-25T00:00:01Z');
  t.end();
});
