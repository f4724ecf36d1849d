import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { encode } from '../../emulators/metering/codec/index.ts';
import { metering } from '../../emulators/metering/index.ts';
import type { TraceEvent } from '../trace/event.ts';
import { formatTrace, parseTrace } from '../trace/file.ts';
import { parseCapture, readCapture } from './capture-file.ts';
import { redecode } from './decode.ts';

const FILE = 'captures/reference-offline-primary-refuses.jsonl';
const TEXT = readFileSync(FILE, 'utf8');
const TRACE = parseTrace(TEXT, FILE);
const written = (events: readonly TraceEvent[]): string => formatTrace({ ...TRACE, events });
const at = (name: string): number => TRACE.events.findIndex(({ event }) => event === name);

t.test('every session of the corpus is small, and is borne out by its bytes', (t) => {
  const files = readdirSync('captures').filter((name) => name.endsWith('.jsonl'));
  t.ok(files.length >= 12);
  for (const name of files) {
    const path = `captures/${name}`;
    t.ok(statSync(path).size < 60_000, name);
    const text = readFileSync(path, 'utf8');
    t.equal(formatTrace(parseCapture(text, path, metering)), text, 'and is written as it is read');
  }
  t.end();
});

t.test('an event that the bytes do not bear out is refused with its line', (t) => {
  const accept = at('upload-accept');
  const forged = { ...TRACE.events[accept]!, fields: { records: 9 } };
  t.throws(() => parseCapture(written(TRACE.events.with(accept, forged)), 'a', metering), {
    name: 'TraceFileError',
    message: new RegExp(`^a:${accept + 2}: "bravo\\.share  upload-accept  records=9" is not what`),
  });
  t.throws(
    () =>
      parseCapture(
        written(TRACE.events.toSpliced(accept, 0, TRACE.events[accept]!)),
        'a',
        metering,
      ),
    new RegExp(`^a:${accept + 3}: |is not what the bytes`),
    'said twice',
  );
  t.end();
});

t.test('an event that the bytes bear out and no line says is missed', (t) => {
  t.throws(
    () => parseCapture(written(TRACE.events.toSpliced(at('upload-offer'), 1)), 'a', metering),
    /^a:\d+: the bytes of connection \d+, which ends here, say "bravo\.share {2}upload-offer/,
  );
  t.end();
});

t.test('what a server resets unread a recorder may tell, and the server need not', (t) => {
  const says = { client: 'client', user: 'u', workstation: 'w', build: 'b' };
  const hello = Buffer.from(encode({ type: 'hello', ...says, mode: 'online' }, 1));
  for (const bytes of [Buffer.from('please\n'), hello, Buffer.from('x'.repeat(99))]) {
    const place = { at: 0n, actor: 'alpha', face: 'pipe', from: 'client', conn: 1 };
    const seen: readonly TraceEvent[] = [
      { ...place, event: 'connect', fields: {} },
      {
        ...place,
        event: 'received',
        fields: { length: bytes.length },
        bytes: bytes.toString('base64'),
      },
      { ...place, event: 'reset', fields: { by: 'server' } },
    ];
    const told = redecode(seen, metering);
    t.equal(told.length, 4, 'the bytes say something');
    t.ok(parseCapture(written(told), 'a', metering));
    t.ok(parseCapture(written(seen), 'a', metering));
    const [note] = told.filter((event) => !seen.some((other) => other.event === event.event));
    const twice = [...told.slice(0, -1), note!, ...told.slice(-1)];
    t.throws(() => parseCapture(written(twice), 'a', metering), /is not what the bytes/, 'twice');
  }
  t.end();
});

t.test('bytes that were changed are told', (t) => {
  const place = TRACE.events.findIndex(
    ({ event, bytes }) =>
      event === 'sent' && Buffer.from(bytes ?? '', 'base64').includes('HTTP/1.1 201'),
  );
  const event = TRACE.events[place]!;
  const bytes = Buffer.from(event.bytes!, 'base64').toString('latin1').replace(' 201 ', ' 503 ');
  const changed = { ...event, bytes: Buffer.from(bytes, 'latin1').toString('base64') };
  t.throws(
    () => parseCapture(written(TRACE.events.with(place, changed)), 'a', metering),
    /^a:\d+: "bravo\.share {2}upload-accept/,
  );
  t.end();
});

t.test('a cut-off last line is left out; a wrong note of the header is refused', (t) => {
  t.equal(parseCapture(TEXT.slice(0, -20), FILE, metering).cutOff, true);
  t.throws(
    () => parseCapture(TEXT.replace('"origin":', '"orgin":'), 'a', metering),
    /^a:1: "capture/,
  );
  t.throws(
    () => parseCapture(TEXT.replace('"verdict":"pass"', '"verdict":"fine"'), 'a', metering),
    /a:1: "capture\.expect\.verdict"/,
  );
  t.end();
});

t.test('read from disk it is the same without its bytes, and refused alike', async (t) => {
  const { events, header } = await readCapture(FILE, 'a', metering);
  t.same(header, TRACE.header);
  t.equal(events.length, TRACE.events.length);
  t.notOk(events.some(({ bytes }) => bytes !== undefined));
  t.same(
    events.map(({ event, fields }) => [event, fields]),
    TRACE.events.map(({ event, fields }) => [event, fields]),
  );
  const folder = mkdtempSync(join(tmpdir(), 'meterproof-'));
  t.teardown(() => rmSync(folder, { recursive: true }));
  const path = join(folder, 'a.jsonl');
  writeFileSync(path, TEXT.slice(0, -20));
  t.equal((await readCapture(path, 'a', metering)).cutOff, true);
  const accept = at('upload-accept');
  const forged = { ...TRACE.events[accept]!, fields: { records: 9 } };
  writeFileSync(path, written(TRACE.events.with(accept, forged)));
  await t.rejects(readCapture(path, 'a', metering), { message: /^a:\d+: "bravo.*is not what/ });
  await t.rejects(readCapture(FILE, 'a', metering, 10), {
    name: 'TraceFileError',
    message: /^a:12: more than 10 events, up to .*: so many are not held in memory/,
  });
});
