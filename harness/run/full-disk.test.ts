import { appendFileSync, existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { FullDisk, tearLastLine } from './full-disk.ts';

t.test('a file cannot be written, by nobody, until the disk is free again', (t) => {
  const file = join(t.testdir({ 'open.jsonl': 'one\n' }), 'open.jsonl');
  const disk = new FullDisk(file);
  t.throws(() => appendFileSync(file, 'two\n'), { code: 'EISDIR' });
  disk.free();
  appendFileSync(file, 'three\n');
  t.equal(readFileSync(file, 'utf8'), 'one\nthree\n', 'what was there is there');
  t.end();
});

t.test('a file that is not there yet is not there afterwards', (t) => {
  const file = join(t.testdir(), 'spool', 'open.jsonl');
  const disk = new FullDisk(file);
  t.throws(() => appendFileSync(file, 'x'), { code: 'EISDIR' });
  disk.free();
  t.equal(existsSync(file), false);
  t.end();
});

t.test('a write that was broken off leaves half a line', (t) => {
  const folder = t.testdir({ 'open.jsonl': '{"id":1}\n{"id":22}\n', empty: '' });
  const file = join(folder, 'open.jsonl');
  tearLastLine(file);
  t.equal(readFileSync(file, 'utf8'), '{"id":1}\n{"id":22}\n{"id"');
  tearLastLine(join(folder, 'empty'));
  tearLastLine(join(folder, 'missing'));
  t.equal(readFileSync(join(folder, 'empty'), 'utf8'), '');
  t.equal(existsSync(join(folder, 'missing')), false);
  t.end();
});
