import { appendFileSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import type { UsageRecord } from './meter.ts';
import { Spool } from './spool.ts';

const record = (id: string, version = ''): UsageRecord => ({
  id,
  client: 'ws1',
  user: 'user1',
  workstation: 'WS1',
  program: 'word.exe',
  originalName: 'word.exe',
  version,
  start: '1999-03-01T08:00:00.000Z',
  stop: '1999-03-01T08:05:00.000Z',
});

const ids = (spool: Spool): string[][] =>
  spool.logs().map((log) =>
    spool
      .read(log)
      .toString()
      .trimEnd()
      .split('\n')
      .map((line) => /"id":"(\w+)"/.exec(line)?.[1] ?? line),
  );

t.test('a sealed log keeps its name and content while new records go into the next', (t) => {
  const spool = new Spool(t.testdir());
  spool.append(record('a'));
  spool.append(record('b'));
  spool.seal();
  const [first] = spool.logs();
  spool.append(record('c'));
  spool.seal();
  spool.seal();
  t.same(ids(spool), [['a', 'b'], ['c']], 'oldest first, and nothing sealed is no log');
  t.equal(spool.logs()[0], first);
  t.match(first, /^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/, 'a name that the share takes');
  t.end();
});

t.test('all is still there after a kill, but for the line that it tore', (t) => {
  const folder = t.testdir();
  const killed = new Spool(folder);
  killed.append(record('a'));
  killed.seal();
  killed.append(record('b'));
  appendFileSync(join(folder, 'open.jsonl'), '{"id":"torn","cli');

  const spool = new Spool(folder);
  spool.append(record('c'));
  spool.seal();
  t.same(ids(spool), [['a'], ['b', 'c']]);
  t.end();
});

t.test('a number is not given twice, so that the order holds over a restart', (t) => {
  const folder = t.testdir();
  for (const id of ['a', 'b', 'c']) {
    const spool = new Spool(folder);
    spool.append(record(id));
    spool.seal();
  }
  t.same(ids(new Spool(folder)), [['a'], ['b'], ['c']]);
  t.end();
});

t.test('a removed log is gone, a refused one is kept aside', (t) => {
  const folder = t.testdir();
  const spool = new Spool(folder);
  spool.append(record('a'));
  spool.seal();
  spool.append(record('b'));
  spool.seal();
  const [stored, refused] = spool.logs();
  spool.remove(stored!);
  const path = spool.setAside(refused!);
  t.same(spool.logs(), []);
  t.match(readFileSync(path, 'utf8'), /"id":"b"/);
  t.same(readdirSync(join(folder, 'refused')), [refused]);
  t.end();
});

t.test('a large log is sealed by itself', (t) => {
  const spool = new Spool(t.testdir());
  for (let n = 0; n < 10; n++) spool.append(record(`r${n}`, 'v'.repeat(16_000)));
  t.equal(spool.logs().length, 2);
  t.ok(spool.logs().every((log) => spool.read(log).length < 128 * 1024));
  t.end();
});

t.test('a log is replaced by others, in its place in the order, with names of their own', (t) => {
  const folder = t.testdir();
  const spool = new Spool(folder);
  for (const id of ['a', 'b']) {
    spool.append(record(id));
    spool.append(record(`${id}2`));
    spool.seal();
  }
  const [first = ''] = spool.logs();
  const lines = spool.read(first).toString().trimEnd().split('\n');
  const [half = ''] = spool.replace(first, [lines.slice(0, 1), lines.slice(1)], []);
  t.same(ids(spool), [['a'], ['a2'], ['b', 'b2']]);
  spool.replace(half, [], [lines[0]!]);
  t.same(ids(spool), [['a2'], ['b', 'b2']]);
  t.equal(readFileSync(join(folder, 'refused', half), 'utf8'), `${lines[0]}\n`);
  spool.append(record('c'));
  t.end();
});

t.test('a folder in the place of the open log is told, and spoils nothing', (t) => {
  const folder = t.testdir({ 'open.jsonl': {} });
  const spool = new Spool(folder);
  t.throws(() => spool.append(record('a')));
  spool.seal();
  t.same(spool.logs(), []);
  t.end();
});
