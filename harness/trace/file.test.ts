import t from 'tap';
import { HOUR } from '../clock/clock.ts';
import type { Trace } from './event.ts';
import { formatTrace, parseTrace } from './file.ts';
import { MAX_LINE_BYTES } from './lines.ts';

const TRACE: Trace = {
  header: {
    meterproof: 1,
    case: 'offline/primary-refuses',
    client: 'reference',
    time: 'virtual',
    seed: 1,
    epoch: '2024-02-01T00:00:00.000Z',
    observer: 'virtual',
  },
  events: [
    { at: 0n, actor: 'client', event: 'start', fields: { run: 1 } },
    {
      at: 4n * HOUR + 2_000_001n,
      actor: 'alpha',
      face: 'share',
      event: 'upload-offer',
      from: 'client',
      conn: 2,
      fields: { records: 1, record: 'r1' },
      usage: [{ record: 'r1', program: 'notepad.exe', startMs: 1, stopMs: 2 }],
      bytes: 'aGVsbG8=',
    },
  ],
};
const TEXT = formatTrace(TRACE);

t.test('what is written is read back', (t) => {
  t.same(parseTrace(TEXT, 'a.jsonl'), TRACE);
  t.match(TEXT, /"at":"4h2ms1ns"/, 'times are exact');
  t.equal(formatTrace(parseTrace(TEXT, 'a.jsonl')), TEXT, 'byte for byte');
  t.end();
});

t.test('what the machine showed is read back, and nothing else in its place', (t) => {
  const lateness = { jitter: '12ms', launch: '1s310ms' };
  const late: Trace = { ...TRACE, header: { ...TRACE.header, time: 'real', lateness } };
  const text = formatTrace(late);
  t.match(text, '"observer":"virtual","lateness":{"jitter":"12ms","launch":"1s310ms"}}\n');
  t.same(parseTrace(text, 'a.jsonl'), late);
  for (const wrong of ['"12 blinks"', '12', '"-1s"'])
    t.throws(() => parseTrace(text.replace('"12ms"', wrong), 'a.jsonl'), {
      message: /^a\.jsonl:1: "lateness\.jitter": /,
    });
  t.end();
});

t.test('keys stand in a fixed order, however the event was made', (t) => {
  const [, event] = TRACE.events;
  const shuffled = Object.fromEntries(Object.entries(event!).toReversed()) as typeof event & object;
  t.equal(formatTrace({ ...TRACE, events: [TRACE.events[0]!, shuffled] }), TEXT);
  t.end();
});

t.test('a last line that was cut off is left out and told', (t) => {
  const lines = TEXT.split('\n');
  const lastBegins = lines.slice(0, 2).join('\n').length + 1;
  for (let end = lastBegins + 1; end < TEXT.length - 1; end++) {
    const read = parseTrace(TEXT.slice(0, end), 'a.jsonl');
    if (read.cutOff !== true || read.events.length !== 1) t.fail(`cut at ${end}`);
  }
  t.equal(
    parseTrace(TEXT.slice(0, lastBegins), 'a.jsonl').cutOff,
    undefined,
    'a whole line is whole',
  );
  t.same(parseTrace(TEXT.trimEnd(), 'a.jsonl'), TRACE, 'only the newline is missing');
  t.end();
});

t.test('a last line that is damaged and has its newline is left out and told as well', (t) => {
  const [header, first] = TEXT.split('\n');
  for (const damage of ['{"at":"4h', '\u0000\u0000\u0000', '']) {
    const { events, cutOff } = parseTrace(`${header}\n${first}\n${damage}\n`, 'a.jsonl');
    t.same([events.length, cutOff], [1, true], JSON.stringify(damage));
  }
  t.throws(() => parseTrace(`${header}\n{"at":\n{`, 'a.jsonl'), /^a\.jsonl:2: not JSON/);
  t.end();
});

t.test('brackets in texts are no brackets', (t) => {
  const [client] = TRACE.events;
  const why = `${'{['.repeat(50)}"\\"${'{['.repeat(50)}\\`;
  const said = { ...TRACE, events: [{ ...client!, fields: { why } }] };
  t.same(parseTrace(formatTrace(said), 'a.jsonl'), said);
  t.end();
});

t.test('what editors and other writers of JSON do to a file changes nothing', (t) => {
  t.same(parseTrace(`\uFEFF${TEXT}`, 'a.jsonl'), TRACE, 'a byte order mark');
  t.same(parseTrace(TEXT.replace('{"meterproof":1', '{ "meterproof": 1'), 'a.jsonl'), TRACE);
  t.same(parseTrace(TEXT.replaceAll('\n', '\r\n'), 'a.jsonl'), TRACE, 'other ends of lines');
  t.end();
});

t.test('what is no trace is refused with its line', (t) => {
  const [header, first, second] = TEXT.split('\n');
  const broken = (line: string): string => `${header}\n${line}\n${second}\n`;
  const cases: readonly (readonly [text: string, message: RegExp])[] = [
    ['', /^a\.jsonl:1: no whole line/],
    [header!.slice(0, 20), /^a\.jsonl:1: no whole line/],
    ['{"log":{}}\n', /^a\.jsonl:1: not a trace/],
    ['\u0000\u0001\n', /^a\.jsonl:1: not a trace/],
    [
      `${header!.replace('"meterproof":1', '"meterproof":2')}\n`,
      /^a\.jsonl:1: a trace of version 2/,
    ],
    [`${header!.replace('2024-02-01', 'someday-01')}\n`, /^a\.jsonl:1: "epoch"/],
    [broken('{'), /^a\.jsonl:2: not JSON/],
    [broken(''), /^a\.jsonl:2: not JSON/],
    [broken('[]'), /^a\.jsonl:2: /],
    [broken(first!.replace('"0s"', '"0"')), /^a\.jsonl:2: "at": "0" is not a duration/],
    [broken(first!.replace('"run":1', '"run":{}')), /^a\.jsonl:2: "fields\.run"/],
    [broken(first!.replace('"event"', '"evnt"')), /^a\.jsonl:2: /],
    [broken(second!.replace('aGVsbG8=', '??')), /^a\.jsonl:2: "bytes"/],
    [`${header}\n${second}\n${first}\n`, /^a\.jsonl:3: time runs backward, after 4h2ms1ns/],
    [
      broken(first!.replace('"run":1', `"run":${'['.repeat(20)}1${']'.repeat(20)}`)),
      /^a\.jsonl:2: brackets within brackets/,
    ],
    [broken(`{"at":"${'1'.repeat(MAX_LINE_BYTES)}"}`), /^a\.jsonl:2: the line is longer/],
  ];
  for (const [text, message] of cases)
    t.throws(() => parseTrace(text, 'a.jsonl'), { name: 'TraceFileError', message });
  t.end();
});
