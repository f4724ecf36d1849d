import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { traceOf } from '../coverage/trace.fixture.ts';
import { runSuite } from '../run/run-suite.ts';
import { formatTrace } from '../trace/file.ts';
import { runCommandLine } from './command-line.ts';
import { planOf } from './plans.fixture.ts';
import { resultOf } from './result.fixture.ts';
import type { Surroundings } from './surroundings.ts';

async function coverage(args: readonly string[], changes: Partial<Surroundings> = {}) {
  let out = '';
  let err = '';
  const status = await runCommandLine(['coverage', ...args], {
    write: (text) => void (out += text),
    writeError: (text) => void (err += text),
    isTerminal: false,
    cwd: process.cwd(),
    searchPath: process.env['PATH'] ?? '',
    cpus: 2,
    now: new Date('2026-11-05T00:00:00Z'),
    signal: new AbortController().signal,
    debug: false,
    runSuite: () => Promise.reject(new Error('nothing is played')),
    ...changes,
  });
  return { status, out, err };
}

const REFUSED = traceOf(`
  0s  alpha        down     fault=refuse
  0s  ws1          start
  4h  alpha.share  refused`);

/** A folder of traces: two cases of the reference client, one of another. */
function traces(folder: string): string {
  for (const [file, client, id] of [
    ['reference/offline/primary-refuses', 'reference', 'offline/primary-refuses'],
    ['reference/mine/own', 'reference', 'mine/own'],
    ['other/offline/primary-refuses', 'reference:rtm', 'offline/primary-refuses'],
  ] as const) {
    const { header } = resultOf(planOf(id), 'pass').trace;
    mkdirSync(join(folder, file, '..'), { recursive: true });
    writeFileSync(
      join(folder, `${file}.jsonl`),
      formatTrace({ header: { ...header, client }, events: REFUSED }),
    );
  }
  return folder;
}

function casesOf(json: string): readonly string[] {
  const { faces } = JSON.parse(json);
  const share = faces.find(({ face }: { face: string }) => face === 'share');
  return share.faults[0].cells[0].cases;
}

t.test('coverage --from reads the traces of one client', async (t) => {
  const folder = traces(t.testdir());
  const all = await coverage(['--from', folder, '--json', '-']);
  t.equal(all.status, 0, all.err);
  t.same(casesOf(all.out), ['mine/own', 'offline/primary-refuses']);
  const one = await coverage(['offline/primary-refuses', '--from', folder, '--json', '-']);
  t.same(casesOf(one.out), ['offline/primary-refuses']);
  const table = await coverage(['--from', folder, '--client', 'reference:rtm']);
  t.match(table.out, /^reference:rtm {2}metering {2}1 case\n/);
  t.match(table.out, /^ {2}refuse +1( +[·°])+$/m);
});

t.test('coverage says why there is nothing to measure', async (t) => {
  const folder = traces(t.testdir());
  const other = await coverage(['--from', folder, '--client', 'reference:sp2']);
  t.equal(other.status, 2);
  t.match(other.err, 'is of reference:sp2; there are some of reference:rtm, reference: ');
  const missing = await coverage(['--from', join(folder, 'nowhere')]);
  t.match([missing.status, missing.err], [2, 'there is no folder']);
  writeFileSync(
    join(folder, 'reference/again.jsonl'),
    readFileSync(join(folder, 'reference/mine/own.jsonl')),
  );
  const twice = await coverage(['--from', folder]);
  t.match([twice.status, twice.err], [2, 'a second trace of mine/own']);
  const pipes = t.testdir({});
  execFileSync('mkfifo', [join(pipes, 'pipe.jsonl')]);
  const pipe = await coverage(['--from', pipes]);
  t.match([pipe.status, pipe.err], [2, 'pipe.jsonl is no plain file']);
  const nothing = await coverage(['offline/primary-refuses', '--out', t.testdirName], {
    runSuite: (plans) => Promise.resolve(plans.map((plan) => resultOf(plan, 'unsupported'))),
  });
  t.match([nothing.status, nothing.err], [2, 'has played none of the cases']);
});

t.test('coverage --json FILE writes the file beside the table', async (t) => {
  const folder = traces(t.testdir());
  const file = join(folder, 'coverage.json');
  const { out } = await coverage(['--from', folder, '--json', file]);
  t.match(out, 'share: 1 of ');
  t.same(casesOf(readFileSync(file, 'utf8')).length, 2);
  const wrong = await coverage(['--from', folder, '--json', folder]);
  t.match([wrong.status, wrong.err], [2, 'cannot be written']);
});

t.test('the play in docs/coverage.md strikes between an upload and its answer', async (t) => {
  const [, play] = /^```yaml\n(play: [^]*?)```$/m.exec(readFileSync('docs/coverage.md', 'utf8'))!;
  const suites = t.testdir({
    offline: {
      'between.yaml': `title: the server dies between an upload and its answer
source: Q235786
servers: [alpha, bravo]
client: { mode: offline }
${play}expect: |
  4h..5h  alpha.share  upload-offer  {1..}
`,
    },
  });
  const { status, out, err } = await coverage(
    ['--suites', suites, '--out', join(suites, 'out'), '--json', '-'],
    { runSuite },
  );
  t.equal(status, 0, err);
  const share = JSON.parse(out).faces[1];
  const { cells } = share.faults.find(({ id }: { id: string }) => id === 'refuse');
  const cell = cells.find(({ state }: { state: string }) => state === 'upload-offer');
  t.same(cell.cases, ['offline/between']);
});

t.test('the example in docs/coverage.md prints what stands there', async (t) => {
  const [, command, shown] = /^```\n\$ meterproof coverage (.+)\n([^]*?)```$/m.exec(
    readFileSync('docs/coverage.md', 'utf8'),
  )!;
  const { status, out, err } = await coverage([...command!.split(' '), '--out', t.testdir()], {
    runSuite,
  });
  t.equal(status, 0, err);
  const parts = shown!.split('…\n').filter((part) => part !== '');
  t.equal(parts.length, 4);
  for (const part of parts) t.ok(`\n${out}`.includes(`\n${part}`), part);
});
