import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import type { TraceEvent } from './event.ts';
import { parseTrace, TraceFileError } from './file.ts';
import { MAX_LINE_BYTES } from './lines.ts';
import { TraceStream } from './stream.ts';

const TEXT = readFileSync('captures/reference-offline-primary-refuses.jsonl', 'utf8');
const folder = mkdtempSync(join(tmpdir(), 'meterproof-'));
const path = join(folder, 'a.jsonl');
t.teardown(() => rmSync(folder, { recursive: true }));

async function read(bytes: string | Buffer) {
  writeFileSync(path, bytes);
  const stream = await TraceStream.open(path, 'a.jsonl');
  const events: TraceEvent[] = [];
  for await (const event of stream.events()) events.push(event);
  return { header: stream.header, events, ...(stream.cutOff && { cutOff: true }) };
}

function textOf(error: unknown): string {
  if (error instanceof TraceFileError) return error.message;
  throw error;
}

t.test('a file gives the same in pieces and at once, whole, cut off or damaged', async (t) => {
  const [header, first, second] = TEXT.split('\n');
  const texts = [
    TEXT,
    TEXT.slice(0, -1),
    TEXT.slice(0, -30),
    TEXT.slice(0, 50),
    '',
    '\n',
    `${header}\n`,
    `${header}\n${first}\n{"at":\n`,
    `${header}\n${first}\n{"at":\n${second}\n`,
    `${header}\n${first}\n\n${second}`,
    `${header}\n${first!.replace('"0s"', '"9h"')}\n${second}\n`,
    `${header}\n${first!.replace('refuse', '→'.repeat(300_000))}\n${second}\n`,
  ];
  for (const text of texts) {
    const streamed = await read(text).catch(textOf);
    let whole;
    try {
      whole = parseTrace(text, 'a.jsonl');
    } catch (error) {
      whole = textOf(error);
    }
    t.same(streamed, whole, text.slice(-40));
  }
});

t.test('a line without end is given up before it fills the memory', async (t) => {
  const [header, first] = TEXT.split('\n');
  const endless = Buffer.alloc(MAX_LINE_BYTES + 1_000_000, 'a');
  const head = Buffer.from(`${header}\n${first}\n`);
  await t.rejects(read(Buffer.concat([head, endless])), {
    message: `a.jsonl:3: the line is longer than ${MAX_LINE_BYTES} bytes`,
  });
  await t.rejects(read(endless), /^.*a\.jsonl:1: the line is longer/);
});

t.test('events can be gone through more than once, and only begun', async (t) => {
  writeFileSync(path, TEXT);
  const stream = await TraceStream.open(path, 'a.jsonl');
  for await (const event of stream.events()) {
    t.equal(event.at, 0n);
    break;
  }
  let count = 0;
  for await (const { event } of stream.events()) count += event === '' ? 0 : 1;
  t.equal(count, TEXT.split('\n').length - 2);
});
