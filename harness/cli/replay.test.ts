import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { call } from './call.fixture.ts';

const GOOD = 'captures/reference-offline-primary-refuses.jsonl';
const FIXATION = 'captures/reference-rtm-offline-primary-refuses.jsonl';

const folder = mkdtempSync(join(tmpdir(), 'meterproof-'));
t.teardown(() => rmSync(folder, { recursive: true }));
function changed(name: string, change: (text: string) => string, source = FIXATION): string {
  const path = join(folder, name);
  writeFileSync(path, change(readFileSync(source, 'utf8')));
  return path;
}

t.test('a broken rule is told with the line of the file', async (t) => {
  const { status, out } = await call('replay', FIXATION);
  t.equal(status, 1);
  t.match(out, /^FAIL {2}captures\/\S+ {2}by offline\/primary-refuses\n/);
  const line = Number(/refuses\.jsonl:(\d+) {2}4h1ms {2}alpha\.share {2}refused/.exec(out)?.[1]);
  t.match(readFileSync(FIXATION, 'utf8').split('\n')[line - 1], /"event":"refused"/);
  t.equal((await call('replay', GOOD)).status, 0);
});

t.test('--expect is about the verdicts that the file carries', async (t) => {
  t.equal((await call('replay', GOOD, FIXATION, '--expect')).status, 0);
  const other = changed('other.jsonl', (text) =>
    text.replace('"verdict":"fail"', '"verdict":"pass"'),
  );
  const { status, out } = await call('replay', GOOD, other, '--expect');
  t.equal(status, 1);
  t.match(out, /NOT AS EXPECTED.*\n {2}fail instead of pass/);
  const bare = changed('bare.jsonl', (text) => text.replace(/,"capture":.*\}\n/, '}\n'));
  const none = await call('replay', bare, '--expect');
  t.equal(none.status, 2);
  t.match(none.errors, /:1: it carries no "capture\.expect"/);
});

t.test('without a case the rules judge, by what is inferred', async (t) => {
  const field = changed('field.jsonl', (text) =>
    text.replace(/"case":"[^"]*"/, '"case":"capture/x"'),
  );
  const { out } = await call('replay', field);
  t.match(out, /by the rules alone: servers alpha; client offline/);
  t.equal((await call('replay', field, '--case', 'offline/primary-refuses')).status, 1);
});

t.test('a cut-off file is used with a warning; wrong use is one message', async (t) => {
  const cut = changed('cut.jsonl', (text) => text.slice(0, -30), GOOD);
  t.match((await call('replay', cut)).errors, /its last line is cut off/);
  const broken = changed('broken.jsonl', (text) =>
    text.replace('"event":"upload-offer"', '"event":'),
  );
  t.match((await call('replay', broken)).errors, /broken\.jsonl:\d+: not JSON/);
  const wrong: readonly (readonly [args: readonly string[], message: RegExp])[] = [
    [['none.jsonl'], /there is no file none\.jsonl/],
    [[GOOD, '--rule', 'XX-1'], /there is no rule XX-1/],
    [[GOOD, '--setting', 'attempts=0'], /attempts: it is a whole number from 1 to 100/],
    [[GOOD, '--case', 'no/such-case'], /no case "no\/such-case"/],
    [['package.json'], /package\.json:1: not a trace/],
  ];
  for (const [args, message] of wrong) {
    const { status, errors } = await call('replay', ...args);
    t.equal(status, 2);
    t.match(errors, message);
  }
});

t.test(
  'diff tells what another build does differently, and nothing of a session and itself',
  async (t) => {
    const { status, out } = await call('diff', GOOD, FIXATION);
    t.equal(status, 1);
    t.match(out, / {2}! verdict fail .*instead of pass\n/);
    t.match(out, / {4}client: 0 instead of 3 attempts on bravo\.share\n/);
    t.match(out, / {4}client: order alpha\.share ×10 instead of alpha\.share, bravo\.share ×3/);
    const same = await call('diff', GOOD, GOOD);
    t.strictSame([same.status, same.out], [0, '0 of 1 differ\n']);
  },
);

t.test('diff of folders goes case by case', async (t) => {
  for (const name of ['a', 'b']) mkdirSync(join(folder, name, 'offline'), { recursive: true });
  changed('a/offline/x.jsonl', (text) => text);
  changed('b/offline/x.jsonl', (text) => text);
  changed('b/offline/y.jsonl', (text) => text);
  const { status, out } = await call('diff', join(folder, 'a'), join(folder, 'b'));
  t.equal(status, 1);
  t.match(out, /^offline\/y\.jsonl {2}only in .*b\n1 of 2 differ\n$/);
  t.equal((await call('diff', GOOD, folder)).status, 2);
  t.equal((await call('diff', GOOD, 'none')).status, 2);
});

t.test('the examples in docs/captures.md are commands that there are', async (t) => {
  const page = readFileSync('docs/captures.md', 'utf8');
  for (const [, example] of page.matchAll(/^meterproof (diff captures\S+ \S+)$/gm)) {
    const { errors } = await call(...example!.split(' '));
    t.equal(errors, '', example!);
  }
  t.match(page, /^meterproof replay captures\/\*\.jsonl --expect$/m);
});

t.test(
  'a profile of the recorded client: known failures are told as such, its policy holds',
  async (t) => {
    const profile = (name: string, more: string): string => {
      const path = join(folder, name);
      writeFileSync(
        path,
        `name: own\ncommand: [${process.execPath}]\ntier: driven\nabilities: [offline]\n${more}`,
      );
      return path;
    };
    const known = profile(
      'known.yaml',
      'knownFailures:\n  - { case: offline/primary-refuses, reason: written last year }\n',
    );
    const failing = await call('replay', FIXATION, '--client', known);
    t.equal(failing.status, 0);
    t.match(failing.out, /^FAIL .*\n {2}a known failure: written last year\n/);
    const passing = await call('replay', GOOD, '--client', known);
    t.equal(passing.status, 2);
    t.match(passing.out, /^ERROR .*\n {2}a known failure passes \(written last year\)/);
    const patient = profile('patient.yaml', 'policy: { retryDelay: 20m }\n');
    const rule = ['--rule', 'RT-1'];
    t.equal((await call('replay', FIXATION, ...rule)).status, 0, '15 minutes, as the case says');
    const { status, out } = await call('replay', FIXATION, '--client', patient, ...rule);
    t.equal(status, 1, out);
    t.match(out, /by offline\/primary-refuses\n {2}RT-1 /);
    const wrong = profile('wrong.yaml', 'policy: { retryDelay: soon }\n');
    t.match((await call('replay', GOOD, '--client', wrong)).errors, /wrong\.yaml:5/);
  },
);
