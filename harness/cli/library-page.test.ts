// The page docs/ways-in/library.md, run as it stands: a C library in its host driver, and the Python twin.
import { execFileSync, spawnSync } from 'node:child_process';
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { long } from '../run/depth.fixture.ts';
import { packageRoot } from '../client/package-root.ts';
import { meterproof, unpackPage } from './ways-in.fixture.ts';

const folder = mkdtempSync(join(tmpdir(), 'meterproof-library-'));
const drivers = join(packageRoot(), 'clients/drivers');
t.teardown(() => rmSync(folder, { recursive: true, force: true }));
unpackPage('dialect.md', folder);
rmSync(join(folder, 'suites'), { recursive: true });
const page = unpackPage('library.md', folder);
for (const driver of ['driver.c', 'driver.py'])
  copyFileSync(join(drivers, driver), join(folder, driver));

const has = (program: string): boolean => spawnSync(program, ['--version']).status === 0;
const skip = (program: string): string | false =>
  has(program) ? false : `there is no ${program} here`;

/** What a driver answers to these lines, without what its clock says; what the library prints goes to stderr. */
function answers(command: readonly string[], lines: readonly object[]): readonly unknown[] {
  const [program, ...args] = command;
  const input = lines.map((line) => `${JSON.stringify(line)}\n`).join('');
  const output = execFileSync(program!, args, {
    input,
    cwd: folder,
    encoding: 'utf8',
    stdio: ['pipe', 'pipe', 'ignore'],
  });
  return output
    .trimEnd()
    .split('\n')
    .map((line) => {
      const message = JSON.parse(line) as Record<string, unknown>;
      return 'ms' in message ? { ...message, ms: typeof message['ms'] } : message;
    });
}

const LINES = [
  { id: 1, command: 'acquire', argument: 'a "quoted" one' },
  { id: 2, command: 'acquire', argument: 'nothing' },
  { id: 3, command: 'start-program', program: 'word.exe' },
  { id: 4, command: 'fold-the-laundry' },
  { id: 5, command: 'borrow', argument: 'F' },
  { id: 6, command: 'shutdown' },
  { id: 7, command: 'acquire', argument: 'too late' },
];
const blocked = (command: string) => ({ event: 'blocked', command, ms: 'number' });

t.test('the C driver is short', (t) => {
  t.ok(readFileSync(join(drivers, 'driver.c'), 'utf8').trimEnd().split('\n').length <= 150);
  t.end();
});

t.test('the C driver calls one function a command', { skip: skip('cc') }, (t) => {
  writeFileSync(
    join(folder, 'fake.c'),
    '#include <stdio.h>\n#include <string.h>\nint licence_acquire(const char *f) { puts(f); return strcmp(f, "nothing") == 0 ? 7 : strcmp(f, "a \\"quoted\\" one") != 0 && strcmp(f, "word.exe") != 0; }\n',
  );
  execFileSync('cc', ['-shared', '-fPIC', '-o', 'fake.so', 'fake.c'], { cwd: folder });
  execFileSync('cc', ['-Wall', '-Wextra', '-Werror', '-o', 'driver', 'driver.c', '-ldl'], {
    cwd: folder,
  });
  t.same(answers(['./driver', './fake.so'], LINES), [
    blocked('acquire'),
    { id: 1, result: 'ok' },
    blocked('acquire'),
    { id: 2, result: 'error', why: 'acquire gave 7' },
    blocked('start-program'),
    { id: 3, result: 'ok' },
    { id: 4, result: 'unsupported' },
    { id: 5, result: 'unsupported' },
    blocked('shutdown'),
    { id: 6, result: 'ok' },
  ]);
  t.equal(spawnSync('./driver', ['./nowhere.so'], { cwd: folder }).status, 2);
  t.end();
});

t.test('the Python driver does the same', { skip: skip('python3') }, (t) => {
  writeFileSync(
    join(folder, 'fake.py'),
    'def acquire(feature):\n    print(feature)\n    if feature == "nothing":\n        raise LookupError("no seat")\n    assert feature in (\'a "quoted" one\', "word.exe")\n',
  );
  t.same(answers(['python3', 'driver.py', 'fake.py'], LINES), [
    blocked('acquire'),
    { id: 1, result: 'ok' },
    blocked('acquire'),
    { id: 2, result: 'error', why: 'LookupError: no seat' },
    blocked('start-program'),
    { id: 3, result: 'ok' },
    { id: 4, result: 'unsupported' },
    { id: 5, result: 'unsupported' },
    blocked('shutdown'),
    { id: 6, result: 'ok' },
  ]);
  t.end();
});

long('the example of the page fails over', { skip: skip('cc') }, async (t) => {
  const block = /```sh\n([^]*?)```/.exec(page)![1]!;
  const [library, driver, run] = block.trimEnd().split('\n');
  for (const line of [library!, driver!]) {
    const [compiler, ...args] = line.split(' ');
    execFileSync(compiler!, args, { cwd: folder });
  }
  const { status, out, err } = await meterproof(folder, ...run!.split(' ').slice(1));
  t.equal(status, 0, `${out}${err}`);
});
