// The page docs/ways-in/dialect.md, run as it stands, and what goes wrong with such modules.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { meterproof, unpackPage } from './ways-in.fixture.ts';

const folder = mkdtempSync(join(tmpdir(), 'meterproof-dialect-'));
const page = unpackPage('dialect.md', folder);
t.teardown(() => rmSync(folder, { recursive: true, force: true }));

const RUN = ['run', '--client', './line-client.yaml', '--rules', './line-rules.ts'];
const write = (file: string, text: string): void => writeFileSync(join(folder, file), text);

t.test(
  'the page runs: a dialect, a rule, a case and a client from outside of the repository',
  async (t) => {
    t.ok(page.includes(`meterproof ${RUN.join(' ')} --suites suites`), 'its command is this one');
    const { status, out, err } = await meterproof(
      folder,
      ...RUN,
      '--suites',
      'suites',
      '--reporter',
      'json',
    );
    t.equal(err, '');
    t.equal(status, 0, out);
    const [result] = (
      JSON.parse(out) as { cases: { id: string; verdict: string; rules: unknown[] }[] }
    ).cases;
    t.match(result, { id: 'line/primary-refuses', verdict: 'pass' });
    t.ok(JSON.stringify(result!.rules).includes('LINE-1'), 'the rule was checked');
  },
);

t.test('a case made of its trace is valid, and so are the commands that are printed', async (t) => {
  const trace = '.meterproof/line-client.yaml/line/primary-refuses.jsonl';
  const { status, out, err } = await meterproof(
    folder,
    ...['new', 'field/one', '--from', trace, '--suites', 'made'],
    ...['--dialect', './line-dialect.ts'],
  );
  t.strictSame([status, err], [0, '']);
  t.match(out, /meterproof run field\/one --suites made --dialect \.\/line-dialect\.ts\n/);
  const printed = /meterproof (validate .*)/.exec(out)?.[1]?.split(' ') ?? [];
  t.match((await meterproof(folder, ...printed)).out, /valid/);
});

t.test('a client that breaks the rule of one’s own fails by it', async (t) => {
  const script = readFileSync(join(folder, 'line-client.mjs'), 'utf8');
  write(
    'greedy.mjs',
    script.replace(
      'answered = true;\n    socket.end();',
      "answered = true;\n    if (!process.again) socket.write('lease word.exe\\n');\n    process.again = true;",
    ),
  );
  write(
    'greedy.yaml',
    readFileSync(join(folder, 'line-client.yaml'), 'utf8').replace('line-client.mjs', 'greedy.mjs'),
  );
  const { status, out } = await meterproof(
    folder,
    ...['run', '--client', './greedy.yaml', '--rules', './line-rules.ts', '--suites', 'suites'],
  );
  t.equal(status, 1, out);
  t.match(out, /broke +LINE-1/);
});

t.test(
  '--dialect says it for a client without a profile, and for the other commands',
  async (t) => {
    const named = ['--dialect', './line-dialect.ts', '--rules', './line-rules.ts'];
    const { status, out } = await meterproof(
      folder,
      ...['run', '--client', 'node line-client.mjs', '--suites', 'suites', ...named],
    );
    t.equal(status, 0, out);
    t.match((await meterproof(folder, 'validate', 'suites', ...named)).out, /valid/);
    t.match(
      (await meterproof(folder, 'explain', 'primary-refuses', '--suites', 'suites', ...named)).out,
      /Dialect: line/,
    );
    const without = await meterproof(folder, 'validate', 'suites');
    t.equal(without.status, 2);
    t.match(without.err, /there is no dialect "line"/);
  },
);

t.test('a case names no module: it is data, and runs nothing', async (t) => {
  const text = readFileSync(join(folder, 'suites/line/primary-refuses.yaml'), 'utf8');
  write('evil.yaml', text.replace('dialect: line', 'dialect: ./evil.ts'));
  write('evil.ts', 'throw new Error("it was run");');
  const { status, err } = await meterproof(folder, 'validate', 'evil.yaml');
  t.equal(status, 2);
  t.match(err, /dialect/);
  t.notMatch(err, /it was run/);
});

const wrong: readonly (readonly [file: string, text: string, message: RegExp])[] = [
  ['missing.ts', '', /there is no file \.\/missing\.ts/],
  ['syntax.ts', 'export const = 1;', /syntax\.ts cannot be loaded/],
  ['throws.ts', 'throw new Error("no luck");', /throws\.ts cannot be loaded: no luck/],
  ['nothing.ts', 'export const x: number = 1;', /exports no dialect/],
  ['silent.ts', 'const x: number = 1;', /exports no dialect: nothing in it is like one/],
  [
    'half.ts',
    'export default { name: "half", faces: [], create() {} };',
    /exports no dialect: faces/,
  ],
  [
    'port.ts',
    'export default { name: "p", faces: [{ name: "tcp", transport: "tcp", port: 80, answerFaults: {} }], create() {} };',
    /faces\.0\.port/,
  ],
  [
    'taken.js',
    'exports.d = { name: "metering", faces: [{ name: "tcp", transport: "tcp", port: 7300, answerFaults: {} }], create() {} };',
    /"metering" is the name of a built-in dialect/,
  ],
];
for (const [file, text, message] of wrong)
  t.test(`a module that is wrong is told so: ${file}`, async (t) => {
    if (text !== '') write(file, text);
    const { status, err } = await meterproof(folder, 'list', '--dialect', `./${file}`);
    t.equal(status, 2);
    t.match(err, message);
  });

t.test('a module that is no plain file is not waited for', async (t) => {
  execFileSync('mkfifo', [join(folder, 'pipe.ts')]);
  for (const option of ['--dialect', '--rules'])
    for (const file of ['./pipe.ts', './suites']) {
      const { status, err } = await meterproof(folder, 'list', option, file);
      t.match([status, err], [2, `meterproof: ${file} is no plain file: name a module (${option}`]);
    }
});

t.test('rules that are wrong are told so', async (t) => {
  write('none.ts', 'export const rules = [];');
  write(
    'twice.ts',
    'export const rules = [{ id: "SF-1", version: 1, obligation: "x", source: "x", always: true, check: () => ({}) }];',
  );
  t.match((await meterproof(folder, 'list', '--rules', './none.ts')).err, /exports no rules/);
  t.match(
    (await meterproof(folder, 'list', '--rules', './twice.ts')).err,
    /two rules with the id SF-1/,
  );
});
