import t from 'tap';
import { Parser, type Result } from 'tap-parser';
import type { CaseResult, Reporter } from '../run/result.ts';
import { summarize } from '../run/result.ts';
import { consoleReporter } from './console.ts';
import { jsonReporter } from './json.ts';
import { FAILS, INCONCLUSIVE, INFO, PASSES, resultOf, UNSUPPORTED } from './report.fixture.ts';
import { tapReporter } from './tap.ts';

/** What a reporter writes while these results come in. */
function written(
  make: (write: (text: string) => void) => Reporter,
  results: readonly CaseResult[],
): string {
  let text = '';
  const reporter = make((more) => (text += more));
  reporter.begin({ ...INFO, total: 4 });
  for (const [index, result] of results.entries()) reporter.result(result, index + 1);
  reporter.end(results, summarize(results));
  return text;
}

const ALL = [PASSES, FAILS, UNSUPPORTED, INCONCLUSIVE].map((text) => resultOf(text));
const toConsole = (isTerminal: boolean) => (write: (text: string) => void) =>
  consoleReporter(write, { isTerminal });

t.test('the console shows a line a case, failures in full, and the summary last', (t) => {
  const text = written(toConsole(false), ALL);
  const lines = text.trimEnd().split('\n');
  t.equal(
    lines[0],
    'reference:rtm  4 cases, time virtual, seed 1, epoch 2024-02-01T00:00:00.000Z, 1 worker',
  );
  t.equal(lines[1], 'time virtual, auto: the best that its profile allows');
  t.match(text, '1/4  pass          offline/primary-refuses  12h in 0.21 s\n');
  t.match(text, '2/4  fail          offline/primary-refuses');
  t.match(text, 'FAIL  offline/primary-refuses');
  t.match(text, /3\/4 {2}unsupported .* the client does not support offline/);
  t.match(text, 'INCONCLUSIVE  offline/primary-refuses');
  t.equal(
    lines.at(-1),
    'FAILED  1 passed, 1 failed, 1 unsupported, 1 inconclusive  (2d of client time in 0.84 s)',
  );
  t.same(
    lines.slice(-5, -2).map((line) => line.split(' ')[0]),
    ['fail', 'unsupported', 'inconclusive'],
    'what did not pass is named before the counts',
  );
  t.end();
});

t.test('cases that cannot be played for one reason are told once in the end', (t) => {
  const unsupported = ALL[2]!;
  const at = (line: number): CaseResult => ({
    ...unsupported,
    judgement: { ...unsupported.judgement, reason: `it says: line ${line}: there is no share` },
  });
  const text = written(toConsole(false), [at(7), at(12), unsupported]);
  t.match(text, /unsupported {3}2 cases {2}it says: there is no share\n/);
  t.match(text, /unsupported {3}offline\/primary-refuses {2}.*does not support offline\n/);
  t.end();
});

t.test('the summary cannot be mistaken', (t) => {
  const last = (results: readonly CaseResult[]): string =>
    written(toConsole(false), results).trimEnd().split('\n').at(-1)!;
  t.match(last([ALL[0]!, ALL[0]!, ALL[0]!, ALL[0]!]), /^PASSED {2}4 passed {2}\(/);
  t.match(last([ALL[0]!, ALL[1]!]), /^FAILED {2}1 passed, 1 failed, 2 not run/);
  t.match(last([ALL[0]!, ALL[3]!]), /^STOPPED {2}1 passed, 1 inconclusive, 2 not run/);
  t.match(last([ALL[0]!, ALL[0]!]), /^STOPPED {2}2 passed, 2 not run/, 'what was not run may fail');
  t.match(last([ALL[0]!, ALL[0]!, ALL[0]!, ALL[3]!]), /^COULD NOT TELL {2}3 passed, 1 inc/);
  t.match(last([]), /^STOPPED {2}no case was judged, 4 not run/);
  t.end();
});

t.test('colour only on a terminal', (t) => {
  t.notOk(written(toConsole(false), ALL).includes('\u001b['));
  t.ok(written(toConsole(true), ALL).includes('\u001b['));
  t.end();
});

t.test('TAP version 14 that a strict parser accepts', (t) => {
  const points: Result[] = [];
  const text = written(tapReporter, ALL);
  const parser = new Parser({ strict: true });
  parser.on('assert', (result: Result) => points.push(result));
  parser.end(text);
  t.match(
    text,
    /^TAP version 14\n# client reference:rtm\n# time virtual, auto: the best that its profile allows\n# seed 1, epoch 2024-02-01T00:00:00\.000Z\n/,
  );
  t.same(parser.failures.map(({ tapError }) => tapError).filter(Boolean), []);
  t.match(parser.results, {
    count: 4,
    pass: 2,
    fail: 2,
    skip: 1,
    bailout: false,
    plan: { end: 4 },
  });
  t.match(points, [
    { ok: true, name: 'offline/primary-refuses: an offline client uploads to the next server' },
    {
      ok: false,
      diag: {
        verdict: 'fail',
        source: ['Q235786'],
        rules: { 'SWM-1': 'broken' },
        findings: [
          { what: 'expect', at: 'suites/offline/test.yaml:12' },
          { what: 'SWM-1', version: 1, source: 'Q235786' },
        ],
        again: 'meterproof run offline/primary-refuses --client reference:rtm',
        time: 'virtual',
        seed: 1,
        epoch: String,
      },
    },
    { ok: true, skip: 'the client does not support offline' },
    { ok: false, diag: { verdict: 'inconclusive' } },
  ]);
  t.end();
});

t.test('TAP: hostile titles stay one line, no case is a plan of none', (t) => {
  const hostile = resultOf(PASSES, { title: 'a # SKIP b\nnot ok 9 \\ c' });
  const parser = new Parser({ strict: true });
  parser.end(written(tapReporter, [hostile]));
  t.match(parser.results, { ok: true, count: 1, skip: 0 });
  t.match(written(tapReporter, []), /\n1\.\.0 # SKIP no case was judged\n$/);
  t.end();
});

t.test('JSON is one document in the documented shape', (t) => {
  const report: unknown = JSON.parse(written(jsonReporter, [ALL[0]!, ALL[1]!]));
  t.match(report, {
    summary: { pass: 1, fail: 1, unsupported: 0, inconclusive: 0, error: 0 },
    run: {
      client: 'reference:rtm',
      time: 'virtual',
      timeWhy: 'auto: the best that its profile allows',
      seed: 1,
      epoch: '2024-02-01T00:00:00.000Z',
    },
    cases: [
      { verdict: 'pass' },
      {
        id: 'offline/primary-refuses',
        verdict: 'fail',
        source: ['Q235786'],
        clientMs: 43_200_000,
        wallMs: 210,
        rules: [
          { id: 'SWM-1', version: 1, source: 'Q235786', verdict: 'broken', why: /went nowhere$/ },
          { id: 'RT-4', version: 1, verdict: 'kept' },
        ],
        trace: '.meterproof/offline/primary-refuses.jsonl',
        epoch: String,
        again: 'meterproof run offline/primary-refuses --client reference:rtm',
      },
    ],
  });
  t.end();
});

const KNOWN: CaseResult = {
  ...ALL[1]!,
  judgement: { ...ALL[1]!.judgement, known: 'ticket # 4711' },
};

t.test('what the trace cannot show is a note in every report', (t) => {
  const note = 'client dialled ::1 port 7280, which is no server of this case';
  const noted = [{ ...ALL[1]!, notes: [note] }];
  t.match(written(toConsole(false), noted), `\n  note        ${note}\n`);
  t.match(written(tapReporter, noted), note);
  t.match(JSON.parse(written(jsonReporter, noted)), { cases: [{ notes: [note] }] });
  t.notMatch(JSON.parse(written(jsonReporter, ALL)).cases[1], { notes: [] });
  t.end();
});

t.test('a known failure is shown as known, with its reason', (t) => {
  const text = written(toConsole(false), [ALL[0]!, ALL[0]!, ALL[0]!, KNOWN]);
  t.match(text, /4\/4 {2}known {9}offline\/primary-refuses .* ticket # 4711\n/);
  t.notMatch(text, 'broke', 'nobody has to look for its cause');
  t.match(text.trimEnd().split('\n').at(-1), /^PASSED {2}3 passed, 1 known failure {2}\(/);

  const points: Result[] = [];
  const parser = new Parser({ strict: true });
  parser.on('assert', (result: Result) => points.push(result));
  parser.end(written(tapReporter, [KNOWN]));
  t.match(points, [{ ok: false, todo: 'ticket # 4711', diag: { known: 'ticket # 4711' } }]);
  t.match(parser.results, { ok: true, todo: 1 });

  const report: unknown = JSON.parse(written(jsonReporter, [KNOWN]));
  t.match(report, {
    summary: { fail: 0, known: 1 },
    cases: [{ verdict: 'fail', known: 'ticket # 4711' }],
  });
  t.end();
});

t.test('what is wrong with the list of known failures is an error of the run', (t) => {
  const problem = 'my.yaml:9: the known failure of rule SWM-4 (none) matches no case: take it off';
  const end = (make: (write: (text: string) => void) => Reporter): string => {
    let text = '';
    const reporter = make((more) => (text += more));
    reporter.begin({ ...INFO, total: 1 });
    reporter.result(ALL[0]!, 1);
    reporter.end([ALL[0]!], summarize([ALL[0]!], [problem]));
    return text;
  };
  t.match(
    end(toConsole(false)),
    /\nerror {9}my\.yaml:9: the known failure .*\n\nCOULD NOT TELL {2}1 passed/,
  );
  const parser = new Parser({ strict: true });
  parser.end(end(tapReporter));
  t.match(parser.results, { ok: false, count: 2, fail: 1 });
  t.match(JSON.parse(end(jsonReporter)), { summary: { pass: 1, problems: [problem] } });
  t.end();
});
