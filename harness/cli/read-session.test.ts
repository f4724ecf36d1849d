// A trace says what its servers speak: no command has to be told.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { long } from '../run/depth.fixture.ts';
import { runSuite } from '../run/run-suite.ts';
import { callWith } from './call.fixture.ts';

const CASE = 'relay/unknown-pool-is-final';
const meterproof = (...args: readonly string[]) =>
  callWith({ searchPath: process.env['PATH'] ?? '', runSuite }, ...args);

long('the trace of another dialect is compared, judged and exported as it is', async (t) => {
  const folder = t.testdir();
  const run = ['run', CASE, '--client', 'relay', '--time', 'in-process', '--out', folder];
  t.equal((await meterproof(...run)).status, 0);
  const trace = join(folder, `relay/${CASE}.jsonl`);
  const text = readFileSync(trace, 'utf8');
  t.equal((JSON.parse(text.split('\n')[0]!) as { dialect?: string }).dialect, 'relay');
  // Without its case too: what is played again is then inferred.
  const nameless = join(folder, 'nameless.jsonl');
  writeFileSync(nameless, text.replace(CASE, 'capture/nameless'));
  for (const file of [trace, nameless]) {
    t.same(await meterproof('diff', file, file), {
      status: 0,
      out: '0 of 1 differ\n',
      errors: '',
    });
    t.equal((await meterproof('export', file, '-o', join(folder, 'x.pcapng'))).errors, '');
  }
  t.equal((await meterproof('replay', trace)).status, 0);

  const strange = join(folder, 'strange.jsonl');
  writeFileSync(strange, text.replace('"dialect":"relay"', '"dialect":"acme"'));
  for (const command of ['diff', 'replay', 'export'])
    t.match(
      (
        await meterproof(
          command,
          strange,
          ...(command === 'diff' ? [trace] : []),
          ...(command === 'export' ? ['-o', join(folder, 'y.pcapng')] : []),
        )
      ).errors,
      /strange\.jsonl:1: its servers speak "acme", .* --dialect/,
      command,
    );
});
