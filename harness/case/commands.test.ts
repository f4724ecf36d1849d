import t from 'tap';
import { metering } from '../../emulators/metering/index.ts';
import { LIBRARY_COMMANDS } from './commands.ts';
import { explain } from './explain.ts';
import { loadCase } from './load.ts';

const known = { rules: new Set<string>(), dialects: [metering] };
const load = (step: string) =>
  loadCase(
    `title: x\nsource: x\nservers: [alpha]\nplay: |\n  0s client start\n  1s ${step}\n  2s end\nledger: lost=0\n`,
    'suites/x/y.yaml',
    known,
  );

t.test('a case asks a library by its commands, with or without a word', (t) => {
  for (const name of LIBRARY_COMMANDS) {
    t.same(load(`client ${name} F-1`).play[1]!.action, {
      kind: 'command',
      client: 'client',
      name,
      argument: 'F-1',
    });
    t.same(load(`client ${name}`).play[1]!.action, { kind: 'command', client: 'client', name });
  }
  t.match(explain(load('client borrow F-1')), /client is told to borrow F-1\./);
  t.end();
});

t.test('what is more or less is a mistake with its place', (t) => {
  t.throws(() => load('client acquire F for 5m'), /:6:\d+: .*for/);
  t.throws(() => load('client acquire "F 1"'), /:6:\d+: .* is not an argument/);
  t.throws(() => load('client aquire F'), /no action "aquire" — did you mean "acquire"/);
  t.throws(() => load('alpha acquire F'), /"acquire" is said of a client, and alpha is none/);
  t.end();
});
