// The runner of the unit tests, which must not call well what is not.
import { readFileSync } from 'node:fs';
import t from 'tap';
import { long } from '../harness/run/depth.fixture.ts';
import { type FileResult, playFiles, type PoolOptions } from './test-pool.ts';
import { LATER, TestReport } from './test-report.ts';

const fixture = (name: string): string => `scripts/fixture/${name}.ts`;

async function play(
  names: readonly string[],
  options: Partial<PoolOptions> = {},
): Promise<ReadonlyMap<string, FileResult>> {
  const results = await playFiles(names.map(fixture), { workers: 2, fileMs: 60_000, ...options });
  return new Map(
    results.map((result) => [/fixture\/(\w+)\.ts$/.exec(result.file)?.[1] ?? '(end)', result]),
  );
}

/** The process that a fixture has named in its output has ended, whether or not anybody has asked for its status. */
function isGone(output: string): boolean {
  const pid = /# child (\d+)/.exec(output)![1]!;
  try {
    return /\) Z /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return true;
  }
}

t.test('each file has its own count, whatever the others do to their worker', async (t) => {
  const names = ['failing', 'sound', 'crashing', 'empty', 'unloadable', 'leaving'];
  const results = await play(names, { endMs: 500 });
  t.same([...results.keys()].toSorted(), ['(end)', ...names].toSorted());
  const told = (name: string) => {
    const { passed, failed, skipped, problem } = results.get(name)!;
    return [passed, failed, skipped, problem];
  };
  t.same(told('sound'), [2, 0, ['what this machine cannot do: it has none'], undefined]);
  t.same(told('failing'), [1, 1, [], undefined]);
  t.match(results.get('failing')!.output, /not ok \d+ - a sum\n +---\n[^]*fixture\/failing\.ts/);
  t.notMatch(results.get('sound')!.output, 'a sum', 'what another file has printed');
  t.same(told('crashing'), [1, 2, [], 'its process ended before it did: status 1']);
  t.same(told('empty'), [0, 1, [], 'has not a single assertion']);
  t.same(told('unloadable').slice(0, 2), [0, 1]);
  t.match(results.get('unloadable')!.output, 'not to be loaded');
  t.same(told('leaving'), [1, 0, [], undefined]);
  t.match(results.get('(end)'), { failed: 1, problem: /^killed after 0.5 s/ });
});

long('a file that takes too long is ended with all that it has started', async (t) => {
  // A bound in which a machine under load does not get to the loop proves nothing.
  for (let fileMs = 2_000; ; fileMs *= 2) {
    const results = await play(['hanging', 'sound'], { workers: 1, fileMs });
    const { output, ...hanging } = results.get('hanging')!;
    if (!output.includes('# child') && fileMs < 60_000) continue;
    t.match(hanging, { passed: 0, failed: 1, problem: /killed after \d+ s$/ });
    t.ok(isGone(output));
    return t.match(results.get('sound'), { file: fixture('sound') }, 'in another process');
  }
});

long('one that is broken off leaves nothing running, and is no result', async (t) => {
  const broken = new AbortController();
  const started: string[] = [];
  const results = await play(['sound', 'hanging', 'waiting', 'failing'], {
    signal: broken.signal,
    began: (file) => {
      started.push(file);
      if (started.length === 3) setTimeout(() => broken.abort(), 500);
    },
  });
  t.same([...results.keys()], ['sound']);
  t.same(started, [fixture('sound'), fixture('hanging'), fixture('waiting')]);
});

t.test('the report ends with the count, and fails for what it was not told', (t) => {
  const result: FileResult = { file: 'a', ms: 1, passed: 2, failed: 0, skipped: [], output: '' };
  const end = (total: number, results: readonly FileResult[]) => {
    let text = '';
    const screen = { write: (more: string) => (text += more) };
    const report = new TestReport(total, screen);
    for (const one of results) report.finished(one);
    return { status: report.end(results), text, last: text.trimEnd().split('\n').at(-1) };
  };
  t.match(end(1, [result]), { status: 0, last: '2 passed, 0 failed' });
  t.match(end(2, [result]), { status: 1, text: /broken off: 1 test file/ });
  t.match(end(1, [{ ...result, passed: 0 }]), { status: 1, last: '0 passed, 0 failed' });
  const failed = { ...result, failed: 1, problem: 'has crashed', output: 'not ok 1 - it' };
  t.match(end(1, [failed]), { status: 1, last: '2 passed, 1 failed' });
  t.match(end(1, [failed]).text, /--- a\nnot ok 1 - it\n[^]*# FAILED: a: has crashed\n/);
  const skipped = ['such a machine: it has none', `a: ${LATER}`, `b: ${LATER}`];
  t.match(
    end(1, [{ ...result, skipped }]).text,
    /# left out: such a machine: it has none\n# left out: 2 that take long, such as b: CI=true npm test plays it\n/,
  );
  t.end();
});
