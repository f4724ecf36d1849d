import t from 'tap';
import { HOUR, MILLISECOND } from '../clock/clock.ts';
import type { TraceEvent } from './event.ts';
import { formatEvent, formatEvents, formatValue } from './format.ts';

const EVENT: TraceEvent = {
  at: 4n * HOUR + 2n * MILLISECOND,
  actor: 'alpha',
  face: 'share',
  event: 'upload-offer',
  from: 'ws1',
  conn: 3,
  fields: { records: 1, record: 'r-1' },
};

t.test('an event is one line of the notation', (t) => {
  t.equal(formatEvent(EVENT), '4h2ms  alpha.share  upload-offer  records=1 record=r-1');
  t.equal(
    formatEvent(EVENT, { from: true }),
    '4h2ms  alpha.share  upload-offer  records=1 record=r-1 from=ws1',
  );
  t.equal(
    formatEvent({ at: 0n, actor: 'harness', event: 'end', fields: {} }),
    '0s  harness  end',
    'what is empty leaves no blanks',
  );
  t.end();
});

t.test('raw bytes are only counted', (t) => {
  const raw = {
    ...EVENT,
    event: 'received',
    fields: {},
    bytes: Buffer.alloc(143).toString('base64'),
  };
  t.equal(formatEvent(raw), '4h2ms  alpha.share  received  143 bytes');
  const { bytes: _, ...counted } = { ...raw, fields: { length: 9 } };
  t.equal(formatEvent(counted), '4h2ms  alpha.share  received  9 bytes');
  t.end();
});

t.test('values are quoted where they would be read as something else', (t) => {
  for (const bare of ['word.exe', 'alpha-1', '4h2ms', 'Q235786', 'größe', '201', 'true'])
    t.equal(formatValue(bare), bare);
  t.equal(formatValue('no seat'), '"no seat"');
  t.equal(formatValue(''), '""');
  t.equal(formatValue('$r'), '"$r"', 'no variable');
  t.equal(formatValue('*'), '"*"', 'not any value');
  t.equal(formatValue('007'), '"007"', 'not the number 7');
  t.equal(formatValue('say "no"'), String.raw`"say \"no\""`);
  t.equal(formatValue(201), '201');
  t.end();
});

t.test('hostile text cannot write to a terminal or break the line', (t) => {
  const text = formatValue('a\u001b[2J\u009b\u202e\nb');
  t.match(text, /^[\x20-\x7e]+$/);
  t.equal(JSON.parse(text), 'a\u001b[2J\u009b\u202e\nb', 'and reads back as it was');
  t.end();
});

t.test('several events stand below each other', (t) => {
  const end: TraceEvent = { at: 5n * HOUR, actor: 'harness', event: 'end', fields: {} };
  t.same(formatEvents([EVENT, end]), [
    '4h2ms  alpha.share  upload-offer  records=1 record=r-1',
    '5h     harness      end',
  ]);
  t.same(formatEvents([]), []);
  t.end();
});
