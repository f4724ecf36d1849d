// Holds docs/wire-protocol.md to the code: every example is decoded and encoded again, or sent to the emulator.
import { readFileSync } from 'node:fs';
import t from 'tap';
import type { AnswerFault } from '../emulator.ts';
import {
  encode,
  FrameDecoder,
  MESSAGES,
  PROTOCOL_FAULTS,
  type MessageType,
} from './codec/index.ts';
import { FakeClient, FakeHost, SETUP } from './fake-host.fixture.ts';
import { metering } from './index.ts';
import { messageSection, type Example } from './message-section.fixture.ts';
import { RECORD_FIELDS, type RecordField } from './server/usage-record.ts';

const DOCUMENT = readFileSync(
  new URL('../../docs/wire-protocol.md', import.meta.url),
  'utf8',
).replaceAll('\r\n', '\n');
const FRAME_EXAMPLE = /^```hex\n([^`]*)```\n```json\n(.*)\n```$/gm;
const HTTP_EXAMPLE =
  /^(?:<!-- fault: (.*) -->\n)?```http request\n([^`]*)```\n```http response\n([^`]*)```$/gm;

const examples = [...DOCUMENT.matchAll(FRAME_EXAMPLE)].map(([, hex = '', json = '']) => ({
  bytes: Buffer.from(hex.replaceAll(/;.*$/gm, '').replaceAll(/\s/g, ''), 'hex'),
  example: JSON.parse(json) as Example,
}));

t.test('every message has one example', (t) => {
  const shown = examples.map(({ example }) => example.message.type);
  t.strictSame(shown.toSorted(), Object.keys(MESSAGES).toSorted());
  t.equal(
    examples.length,
    DOCUMENT.match(/^```(hex|json)$/gm)!.length / 2,
    'and no other stands there',
  );
  t.end();
});

t.test('every example decodes to what stands beside it, and back', (t) => {
  for (const { bytes, example } of examples) {
    const type: MessageType = example.message.type;
    t.strictSame(new FrameDecoder(MESSAGES[type].from).push(bytes), [example], type);
    t.equal(
      encode(example.message, example.requestId).toString('hex'),
      bytes.toString('hex'),
      type,
    );
  }
  t.end();
});

t.test('every section of a message says what the table says', (t) => {
  for (const { example } of examples) {
    const { type } = example.message;
    const start = DOCUMENT.indexOf(`### \`${type}\` 0x`);
    const wanted = messageSection(example);
    t.equal(DOCUMENT.slice(start, start + wanted.length), wanted, type);
  }
  t.end();
});

t.test('the lists of errors and of record members are complete', (t) => {
  const rows = (heading: string): string[] => {
    const table = DOCUMENT.slice(DOCUMENT.indexOf(heading)).split('\n\n')[0] ?? '';
    return table.split('\n').slice(2);
  };
  t.strictSame(
    rows('| word | meaning |'),
    Object.entries(PROTOCOL_FAULTS).map(([word, meaning]) => `| \`${word}\` | ${meaning} |`),
  );
  t.strictSame(
    rows('| member | bytes | meaning |'),
    Object.entries<RecordField>(RECORD_FIELDS).map(([name, { minBytes, maxBytes, about }]) => {
      const bytes = minBytes === maxBytes ? maxBytes : `${minBytes} to ${maxBytes}`;
      return `| \`${name}\` | ${bytes} | ${about} |`;
    }),
  );
  t.end();
});

t.test('the share answers every HTTP example as it says', async (t) => {
  const host = new FakeHost();
  const emulator = metering.create(host, SETUP);
  const found = [...DOCUMENT.matchAll(HTTP_EXAMPLE)];
  t.equal(found.length, DOCUMENT.match(/^```http request$/gm)?.length, 'all are found');
  for (const [, fault, request = '', response = ''] of found) {
    host.fault = fault === undefined ? undefined : parseFault(fault);
    const answer = await new FakeClient(emulator, host, 'share').exchange(onTheWire(request));
    const shown = answer.toString('utf8').replaceAll('\r\n', '\n');
    t.equal(shown, response, request.slice(0, request.indexOf('\n')));
  }
  const statuses = new Set(found.map(([, , , response = '']) => response.split(' ')[1] ?? ''));
  t.strictSame([...statuses].toSorted(), [
    '200',
    '201',
    '207',
    '400',
    '401',
    '409',
    '413',
    '429',
    '503',
  ]);
});

/** The page shows LF; heads go over the wire with CR LF. */
function onTheWire(request: string): Buffer {
  const headEnd = request.indexOf('\n\n') + 2;
  return Buffer.from(request.slice(0, headEnd).replaceAll('\n', '\r\n') + request.slice(headEnd));
}

function parseFault(text: string): AnswerFault {
  const [name = '', ...args] = text.split(' ');
  return { name, args: Object.fromEntries(args.map((arg) => arg.split('=') as [string, string])) };
}
