// The one entry of the unit tests: runs every *.test.ts in this process and fails when it finds none.
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';

const roots = ['harness', 'emulators', 'clients', 'docs', 'suites', 'scripts'];
const wanted = process.argv.slice(2);
const files = roots
  .flatMap((root) =>
    readdirSync(root, { recursive: true, encoding: 'utf8' }).map((file) => join(root, file)),
  )
  .filter((file) => file.endsWith('.test.ts'))
  .filter((file) => wanted.length === 0 || wanted.some((part) => file.includes(part)))
  .toSorted();
if (files.length === 0) throw new Error(`no test file found (${wanted.join(', ') || 'any'})`);

// All files together: a machine under load is not a failure.
t.setTimeout(15 * 60_000);

let passed = 0;
let failed = 0;
t.on('assert', (result: { ok: boolean; name: string }) => (result.ok ? passed++ : failed++));

// A file that cannot even be loaded is a failure too.
process.on('uncaughtExceptionMonitor', () => failed++);
// The last lines: tests are asynchronous, and an uncaught error must not hide the count.
process.on('exit', () => {
  if (passed + failed === 0) process.exitCode = 1;
  console.log(`# ${files.length} test files`);
  console.log(`${passed} passed, ${failed} failed`);
});
for (const file of files) await import(`./${file}`);
t.end();
