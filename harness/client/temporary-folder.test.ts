import { mkdirSync, rmSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import t from 'tap';
import { socketFolder, temporaryFolder } from './temporary-folder.ts';

function withTmpdir<T>(path: string, use: () => T): T {
  const before = process.env['TMPDIR'];
  process.env['TMPDIR'] = path;
  try {
    return use();
  } finally {
    if (before === undefined) delete process.env['TMPDIR'];
    else process.env['TMPDIR'] = before;
  }
}

t.test('folders are made where TMPDIR says, and a socket where there is room for its path', (t) => {
  const long = join(t.testdir(), 'x'.repeat(100));
  mkdirSync(long);
  t.equal(dirname(withTmpdir(long, () => temporaryFolder('record-'))), long);
  const folder = withTmpdir(long, socketFolder);
  t.teardown(() => rmSync(folder, { recursive: true }));
  t.equal(dirname(folder), '/tmp');
  const near = withTmpdir('/tmp/.', socketFolder);
  t.teardown(() => rmSync(near, { recursive: true }));
  t.match(near, /^\/tmp\/meterproof-/);
  t.ok(join(near, '0123456789').length <= 103);
  t.end();
});

t.test('a relative TMPDIR is one from the folder where we are', (t) => {
  const parent = t.testdir();
  const near = relative(process.cwd(), parent);
  t.equal(dirname(withTmpdir(near, () => temporaryFolder())), parent);
  t.end();
});

t.test('where none can be made the remedy is told', (t) => {
  const nowhere = join(t.testdir(), 'nowhere');
  t.throws(() => withTmpdir(nowhere, () => temporaryFolder()), {
    message: `no temporary folder can be made in ${nowhere} (ENOENT): set TMPDIR to a folder that can be written to`,
  });
  t.end();
});
