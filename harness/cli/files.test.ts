import { execFileSync } from 'node:child_process';
import { chmodSync, copyFileSync, existsSync, mkdirSync, mkdtempSync } from 'node:fs';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { encode } from '../../emulators/metering/codec/index.ts';
import { connection, pcap } from '../capture/pcap/capture.fixture.ts';
import { callWith } from './call.fixture.ts';
import { machineTrouble } from './files.ts';

const TRACE = 'captures/reference-offline-primary-refuses.jsonl';
const CAPTURE = pcap(connection([{ by: 'client', bytes: encode({ type: 'bye' }, 1) }]));

/** A folder with a trace, a capture, and what only looks like one. */
function folder(t: { teardown(action: () => void): void }): string {
  const cwd = mkdtempSync(join(tmpdir(), 'meterproof-'));
  t.teardown(() => rmSync(cwd, { recursive: true, force: true }));
  copyFileSync(TRACE, join(cwd, 'trace.jsonl'));
  writeFileSync(join(cwd, 'field.pcap'), CAPTURE);
  mkdirSync(join(cwd, 'folder.jsonl'));
  return cwd;
}

const run = (cwd: string, ...args: readonly string[]) => callWith({ cwd }, ...args);

const READERS: readonly (readonly string[])[] = [
  ['replay', 'FILE'],
  ['replay', 'FILE', '--as', 'client'],
  ['export', 'FILE', '-o', 'out.pcapng'],
  ['import', 'FILE', '--out', 'out.jsonl'],
  ['new', 'my/case', '--from', 'FILE'],
  ['diff', 'trace.jsonl', 'FILE'],
];

t.test('what is no file that can be read is told by what it is', async (t) => {
  const cwd = folder(t);
  execFileSync('mkfifo', [join(cwd, 'pipe.jsonl')]);
  for (const [file, what] of [
    ['none.jsonl', /^meterproof: there is no file (?:or folder )?none\.jsonl\n$/],
    ['pipe.jsonl', /^meterproof: pipe\.jsonl is no plain file, .*save what comes out of it/],
    ['folder.jsonl', /^meterproof: .*folder\.jsonl.* a folder/],
    ['trace.jsonl/x', /^meterproof: trace\.jsonl\/x cannot be reached \(ENOTDIR\)/],
  ] as const)
    for (const command of READERS) {
      const args = command.map((word) => (word === 'FILE' ? file : word));
      const { status, errors } = await run(cwd, ...args);
      t.equal(status, 2, args.join(' '));
      t.match(errors, what, args.join(' '));
    }
  for (const made of ['out.pcapng', 'out.jsonl', 'suites']) t.notOk(existsSync(join(cwd, made)));
});

t.test('a recording that was killed is to be finished first', async (t) => {
  const cwd = folder(t);
  writeFileSync(join(cwd, 'field.jsonl.raw'), 'raw');
  for (const file of ['field.jsonl', 'field.jsonl.raw']) {
    const { status, errors } = await run(cwd, 'replay', file);
    t.equal(status, 2);
    t.match(
      errors,
      /field\.jsonl\.raw is of a recording .*meterproof record --finish field\.jsonl"/,
    );
  }
});

t.test('a file that its owner closed cannot be read', { skip: isRoot() }, async (t) => {
  const cwd = folder(t);
  chmodSync(join(cwd, 'trace.jsonl'), 0);
  const { status, errors } = await run(cwd, 'replay', 'trace.jsonl');
  t.equal(status, 2);
  t.match(errors, /^meterproof: trace\.jsonl cannot be read \(EACCES\)/);
});

t.test('a full disk is no error of ours', { skip: !existsSync('/dev/full') }, async (t) => {
  const cwd = folder(t);
  for (const args of [
    ['export', 'trace.jsonl', '-o', '/dev/full'],
    ['import', 'field.pcap', '--out', '/dev/full'],
  ]) {
    const { status, errors } = await run(cwd, ...args);
    t.equal(status, 2, args.join(' '));
    t.match(errors, /^meterproof: \/dev\/full cannot be written \(ENOSPC\): .* not whole\n$/);
  }
  const full = Object.assign(new Error('ENOSPC: no space left'), { code: 'ENOSPC' });
  t.equal(machineTrouble(full), 'the disk is full: ENOSPC: no space left');
  t.equal(machineTrouble(new Error('oops')), undefined);
});

t.test('import writes over no file that was not named', async (t) => {
  const cwd = folder(t);
  writeFileSync(join(cwd, 'field.jsonl'), 'of mine');
  const refused = await run(cwd, 'import', 'field.pcap');
  t.equal(refused.status, 2);
  t.match(refused.errors, /^meterproof: field\.jsonl is there already: .*--out/);
  t.equal(readFileSync(join(cwd, 'field.jsonl'), 'utf8'), 'of mine');
  t.equal((await run(cwd, 'import', 'field.pcap', '--out', 'field.jsonl')).status, 0);
  t.not(readFileSync(join(cwd, 'field.jsonl'), 'utf8'), 'of mine');
});

t.test('a packet capture in place of a trace is told how to become one', async (t) => {
  const { status, errors } = await run(folder(t), 'replay', 'field.pcap');
  t.equal(status, 2);
  t.match(errors, /field\.pcap:1: not a trace: .*meterproof import/);
});

t.test('a session that shows nothing is inconclusive', async (t) => {
  const cwd = folder(t);
  const [header = ''] = readFileSync(TRACE, 'utf8').split('\n');
  const { capture: _, ...plain } = JSON.parse(header) as Record<string, unknown>;
  writeFileSync(
    join(cwd, 'nothing.jsonl'),
    `${JSON.stringify({ ...plain, case: 'capture/nothing', observer: 'capture' })}\n`,
  );
  const { status, out } = await run(cwd, 'replay', 'nothing.jsonl');
  t.equal(status, 2);
  t.match(out, /^INCONCLUSIVE {2}nothing\.jsonl/);
  t.match(out, /it shows nothing that a rule applies to/);
});

function isRoot(): boolean {
  return process.getuid?.() === 0;
}
