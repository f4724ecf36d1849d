import t from 'tap';
import { OFFLINE } from '../judge/judge.fixture.ts';
import { formatFailure } from './failure.ts';
import { palette } from './palette.ts';
import { FAILS, INCONCLUSIVE, resultOf, UNSUPPORTED } from './report.fixture.ts';

const plain = palette(false);

t.test('a failure says everything in the order in which it is asked for', (t) => {
  const { judgement, ...result } = resultOf(FAILS);
  const [first] = judgement.findings;
  const text = formatFailure({ ...result, judgement: { ...judgement, findings: [first!] } }, plain);
  t.equal(
    text,
    `FAIL  offline/primary-refuses  an offline client uploads to the next server
  source      Q235786  PRIMARY-FIXATION  (suites/offline/test.yaml)

  broke       expect  suites/offline/test.yaml:12  ..+2m  bravo.share upload-offer records=1  {1}
  expected    1 × bravo.share upload-offer records=1 from 4h to 4h2m
  came        0 of 1 came by 4h2m
  by          1 missing
  matched     4h..4h1m  alpha.share refused  {1..2}  (at 4h)
  legal next  alpha.share refused from 4h to 4h1m, optional
              bravo.share upload-offer records=1 from 4h to 4h2m

  around it   reference, time virtual, seed 1
    0s     client       start    run=1
    0s     alpha        down     fault=refuse
    10m    client       command  id=600000 name=start-program program=notepad.exe
    10m    client       answer   id=600000 result=ok
    15m    client       command  id=600001 name=stop-program program=notepad.exe
    15m    client       answer   id=600001 result=ok
  > 4h     alpha.share  refused
    4h15m  alpha.share  refused
    7h     harness      end
    12h    harness      drained

  trace       .meterproof/offline/primary-refuses.jsonl
  again       meterproof run offline/primary-refuses --client reference:rtm`,
  );
  t.end();
});

t.test('every finding is shown with its own place in the trace, up to four', (t) => {
  const result = resultOf(FAILS);
  const text = formatFailure(result, plain);
  for (const { what } of result.judgement.findings) t.match(text, `broke       ${what}`);
  t.match(
    text,
    /broke {7}SWM-1 version 1 {2}the client, offline, .* \(Q235786\)/,
    'with its source',
  );
  const many = Array.from({ length: 6 }, () => result.judgement.findings[0]!);
  const shown = formatFailure(
    { ...result, judgement: { ...result.judgement, findings: many } },
    plain,
  );
  t.equal(shown.match(/broke {7}/g)?.length, 4);
  t.match(shown, 'and 2 more that broke');
  t.end();
});

t.test(
  'six lines on each side, without raw bytes, and with names where there are several clients',
  (t) => {
    const probes = Array.from({ length: 20 }, (_, n) => `${n + 1}h alpha.share PROBE`).join('\n');
    const clients = [OFFLINE, { ...OFFLINE, name: 'other' }];
    const result = resultOf(`${probes}\n30h harness end\n40h harness drained`, { clients });
    const index = result.trace.events.findIndex(
      ({ event, at }) => event === 'received' && at > 36_000_000_000_000n,
    );
    const [finding] = result.judgement.findings;
    const findings = [{ ...finding!, index }];
    const text = formatFailure({ ...result, judgement: { ...result.judgement, findings } }, plain);
    const lines = text.split('\n').filter((line) => /^ {4}\d|^ {2}> \d/.test(line));
    t.equal(lines.length, 13);
    t.match(lines[6], /^ {2}> 10h {5}alpha\.share {2}connect {2}from=client$/);
    t.notMatch(text, 'bytes');
    t.end();
  },
);

t.test('what did not fail says why, and shows the last words of the client', (t) => {
  const unsupported = formatFailure(resultOf(UNSUPPORTED), plain);
  t.match(unsupported, 'UNSUPPORTED  offline/primary-refuses');
  t.match(unsupported, 'reason      the client does not support offline');
  t.match(unsupported, 'stderr      last words');
  t.match(
    formatFailure(resultOf(INCONCLUSIVE), plain),
    'reason      the trace ends before the case did',
  );
  t.end();
});

t.test('colour only where it is asked for', (t) => {
  const escape = '\u001b[';
  t.notOk(formatFailure(resultOf(FAILS), plain).includes(escape));
  t.ok(formatFailure(resultOf(FAILS), palette(true)).includes(escape));
  t.end();
});
