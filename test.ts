// The one entry of the unit tests: plays every *.test.ts, or those whose name holds one of the words behind it, and fails when it finds none.
import { readdirSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { playFiles } from './scripts/test-pool.ts';
import { TestReport } from './scripts/test-report.ts';

const roots = ['harness', 'emulators', 'clients', 'docs', 'suites', 'scripts'];
/** They take longest, so they begin: none of them is to be left to run alone at the end. */
const first = [
  'harness/run/suites.test.ts',
  'clients/examples/relay/relay.test.ts',
  'harness/run/in-process.test.ts',
  'clients/examples/python/python.test.ts',
];
/** As many seconds as the longest takes on a slow machine under load, and more. */
const fileMs = 15 * 60_000;

const wanted = process.argv.slice(2);
const place = (file: string): number => (first.includes(file) ? first.indexOf(file) : first.length);
const files = roots
  .flatMap((root) =>
    readdirSync(root, { recursive: true, encoding: 'utf8' }).map((file) => join(root, file)),
  )
  .filter((file) => file.endsWith('.test.ts'))
  .filter((file) => wanted.length === 0 || wanted.some((part) => file.includes(part)))
  .toSorted((a, b) => place(a) - place(b) || (a < b ? -1 : 1));
if (files.length === 0) throw new Error(`no test file found (${wanted.join(', ') || 'any'})`);

// What is named is played in full.
process.env['METERPROOF_TESTS'] =
  process.env['CI'] === 'true' || wanted.length > 0 ? 'all' : 'short';

const broken = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
  process.on(signal, () => broken.abort());
const report = new TestReport(files.length, process.stdout);
const results = await playFiles(files, {
  // Many wait for something: one more than there are cores keeps these at work.
  workers: availableParallelism() + 1,
  fileMs,
  signal: broken.signal,
  began: (file) => report.began(file),
  finished: (result) => report.finished(result),
});
process.exitCode = report.end(results);
