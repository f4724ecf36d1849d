import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import t from 'tap';
import { long, tries } from '../run/depth.fixture.ts';
import { HOUR, MINUTE, SECOND } from '../clock/clock.ts';
import { caseWith, KNOWN, load, problemsIn } from './case.fixture.ts';
import { CaseError } from './errors.ts';
import { caseId, findCases, loadCase, readCase } from './load.ts';

t.test('a short case gets the defaults of the field', (t) => {
  const plan = load(caseWith('rules: [SWM-1]'));
  t.match(plan, {
    id: 'offline/a-case',
    suite: 'offline',
    source: ['Q235786'],
    dialect: 'metering',
    toleranceNs: SECOND,
    timedOutAfterNs: 2n * HOUR,
    seats: {},
    never: [],
    catches: [],
  });
  t.same(plan.clients, [
    {
      name: 'client',
      mode: 'offline',
      attempts: 1,
      retryDelayNs: 15n * MINUTE,
      pollingIntervalNs: 4n * HOUR,
      liveStatusIntervalNs: HOUR,
      connectTimeoutNs: 10n * SECOND,
      answerTimeoutNs: 30n * SECOND,
    },
  ]);
  t.equal(plan.ledger, undefined);
  t.end();
});

t.test('spread retries and a bounded spool are settings that a case may leave out', (t) => {
  const told = (settings: string) =>
    load(caseWith(`client: { ${settings} }\nplay: |\n  0s client start\n  7h end`)).clients[0];
  t.match(told('retryJitter: 0.5, spoolRecords: 3'), { retryJitter: 0.5, spoolRecords: 3 });
  t.throws(() => told('retryJitter: 2'), /a number above 0, at most 1/);
  t.throws(() => told('spoolRecords: 0'), /a whole number from 1/);
  t.end();
});

t.test('several clients are named, each with its settings', (t) => {
  const plan = load(
    caseWith(
      'clients: { ws1: { mode: online }, ws2: { attempts: 3 } }\nseats: { word.exe: 1 }\n' +
        'play: |\n  0s ws1 start\n  0s ws2 start\n  7h end',
    ),
  );
  t.same(
    plan.clients.map(({ name, mode, attempts }) => [name, mode, attempts]),
    [
      ['ws1', 'online', 1],
      ['ws2', 'offline', 3],
    ],
  );
  t.same(plan.seats, { 'word.exe': 1 });
  t.end();
});

t.test('all mistakes of a file are told at once, in the order of the file', (t) => {
  const text =
    'titel: x\nsource: x\nservers: [alpha]\nclient: { attempts: 0 }\nplay: |\n  0s alhpa down refuse\n  1h ned\n';
  t.same(
    problemsIn(text).map(({ position: { line, column } }) => `${line}:${column}`),
    ['1:1', '1:1', '4:21', '6:6', '7:6'],
  );
  const { message } = new CaseError(problemsIn(text));
  t.match(
    message,
    'suites/offline/a-case.yaml:6:6: there is no server and no client "alhpa" — did you mean "alpha"?',
  );
  const many = new CaseError(Array.from({ length: 120 }, () => problemsIn(text)[0]!));
  t.match(many.message, /\nand 20 more$/);
  t.end();
});

t.test('a file that cannot be read is a clear error', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'cases-'));
  t.teardown(() => rmSync(folder, { recursive: true }));
  const failing = (file: string): string => {
    try {
      readCase(file, KNOWN);
      return 'nothing';
    } catch (error) {
      return error instanceof CaseError ? error.message : `not a CaseError: ${String(error)}`;
    }
  };
  writeFileSync(join(folder, 'large.yaml'), 'a'.repeat(10_000_000));
  writeFileSync(join(folder, 'binary.yaml'), Buffer.from([0xff, 0xfe, 0x00]));
  t.match(
    failing(join(folder, 'large.yaml')),
    /large\.yaml:1:1: the file has 10000000 bytes — a case has at most 262144/,
  );
  t.match(failing(join(folder, 'binary.yaml')), 'this is not UTF-8 text');
  t.match(failing(folder), 'this is not a file');
  execFileSync('mkfifo', [join(folder, 'pipe.yaml')]);
  t.match(failing(join(folder, 'pipe.yaml')), 'this is not a file', 'and nobody waits for it');
  t.match(
    failing(join(folder, 'absent.yaml')),
    /absent\.yaml:1:1: the file cannot be read \(ENOENT\)/,
  );
  t.throws(() => load('a'.repeat(300_000)), CaseError);
  t.end();
});

t.test('cases are found below a folder, in the order of their ids', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'cases-'));
  t.teardown(() => rmSync(folder, { recursive: true }));
  for (const file of ['online/b.yaml', 'offline/b.yaml', 'offline/a.yaml', 'offline/notes.md']) {
    mkdirSync(join(folder, file, '..'), { recursive: true });
    writeFileSync(join(folder, file), '');
  }
  t.same(
    findCases(folder).map(({ id }) => id),
    ['offline/a', 'offline/b', 'online/b'],
  );
  t.equal(caseId('/project/suites/offline/a.yaml'), 'offline/a');
  t.equal(caseId('./mine/a.yaml'), 'mine/a');
  t.equal(caseId('a.yaml'), 'a');
  t.end();
});

t.test('no text makes the loader throw anything but a CaseError, nor keeps it busy', (t) => {
  const word = fc.constantFrom(
    ...'0s 4h..4h1m +5m ..+2m on any order: alpha alpha.share client bravo.pipe * harness down up refuse cut 20 rst slow for 3 upload-accepts run start kill clock -1d upload-offer record=$r records=1 from=client {1..2} {3} every 15m ±1m try: @try @try.first+1m #2 end # "'.split(
      ' ',
    ),
    '"a b"',
    '__proto__=1',
    '"__proto__"=1',
  );
  const lines = fc
    .array(fc.array(word, { maxLength: 9 }), { maxLength: 6 })
    .map((rows) => rows.map((row) => `  ${row.join(' ')}\n`).join(''));
  const notation = fc
    .tuple(fc.constantFrom('play', 'expect', 'never', 'ledger'), lines)
    .map(([field, text]) => caseWith(`${field}: |\n${text}`));
  const yaml = fc
    .array(fc.constantFrom(...'[]{}:-?!&*|>"\'#% \n\tab,@`~<0'.split('')), { maxLength: 300 })
    .map((c) => c.join(''));
  const text = fc.oneof(
    notation,
    yaml,
    yaml.map(caseWith),
    fc.string({ unit: 'binary', maxLength: 500 }),
  );
  fc.assert(
    fc.property(text, (content) => {
      const began = performance.now();
      for (const { position } of problemsIn(content))
        if (position.line < 1 || position.column < 1) return false;
      return performance.now() - began < 2000;
    }),
    { numRuns: tries(2000), seed: 7 },
  );
  t.end();
});

long('nothing but open brackets, lists or anchors is a CaseError as well', (t) => {
  const wide = (part: string): string =>
    Array.from({ length: 250 }, () => part.repeat(Math.floor(990 / part.length))).join('\n');
  const parts = ['[', '{a: ', '- ', '? ', '&a ', '!a ', '"\\"', '| ', '\u0000'];
  for (const part of parts)
    t.throws(() => loadCase(wide(part), 'a.yaml', KNOWN), CaseError, `250 lines of ${part}`);
  t.end();
});
