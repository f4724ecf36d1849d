import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { opaque } from '../../emulators/opaque/index.ts';
import { completeRecording } from './complete.ts';
import { KIND } from './raw-format.ts';
import { type RawRecord, readPreamble, readRaw } from './raw-reader.ts';
import { RawWriter } from './raw-writer.ts';
import { PREAMBLE } from './recording.fixture.ts';

const folder = mkdtempSync(join(tmpdir(), 'meterproof-raw-'));
const path = join(folder, 'a.raw');
t.teardown(() => rmSync(folder, { recursive: true }));

function written(write: (writer: RawWriter) => void): Buffer {
  const pieces: Buffer[] = [];
  const sink = { write: (bytes: Uint8Array) => pieces.push(Buffer.from(bytes)), close: () => {} };
  const writer = new RawWriter(sink, PREAMBLE);
  write(writer);
  writer.close();
  return Buffer.concat(pieces);
}

async function read(bytes: Buffer): Promise<{ records: unknown[]; problems: string[] }> {
  writeFileSync(path, bytes);
  const records: unknown[] = [];
  const problems: string[] = [];
  const shownAs = ({ kind, conn, face, atNs, payload }: RawRecord) =>
    `${kind} ${conn} ${face} ${atNs} ${payload.toString('latin1')}`;
  for await (const piece of readRaw(path, 'a.raw', (problem) => problems.push(problem)))
    records.push(...piece.records.map(shownAs));
  return { records, problems };
}

const RAW = written((writer) => {
  writer.attempt(KIND.connect, 1, 0, 5, '127.0.0.1');
  writer.data('client', 1, 2 ** 52 + 1, Buffer.from('ask'));
  writer.data('server', 1, 2 ** 52 + 2, Buffer.alloc(0));
  writer.length('client', 1, 2 ** 52 + 2, 7);
  writer.over(KIND.serverReset, 1, 2 ** 52 + 2);
  writer.attempt(KIND.refused, 0, 0, 2 ** 52 + 3, '::1');
});
const RECORDS = [
  '1 1 0 5 127.0.0.1',
  '2 1 0 4503599627370497 ask',
  '3 1 0 4503599627370498 ',
  '4 1 0 4503599627370498 \u0007\0\0\0',
  '9 1 0 4503599627370498 ',
  '10 0 0 4503599627370499 ::1',
];

t.test('what was written is read; cut anywhere, it is a beginning of that', async (t) => {
  t.same(await read(RAW), { records: RECORDS, problems: [] });
  t.same(await readPreamble(path, 'a.raw'), PREAMBLE);
  const start = RAW.indexOf(0x0a) + 1;
  let before = RECORDS.length;
  for (let end = RAW.length - 1; end >= start; end--) {
    const { records, problems } = await read(RAW.subarray(0, end));
    if (records.length > before || problems.length > 0) t.fail(`cut at ${end}`);
    t.same(records, RECORDS.slice(0, records.length));
    before = records.length;
  }
  t.equal(before, 0);
});

t.test('damage is told with its place, and what stands before it is used', async (t) => {
  const start = RAW.indexOf(0x0a) + 1;
  const damaged: readonly (readonly [number, number])[] = [
    [16, 0],
    [16, 12],
    [17, 1],
    [3, 0xff],
    [15, 0xff],
  ];
  const second = start + 20 + '127.0.0.1'.length;
  for (const [at, value] of damaged) {
    const bytes = Buffer.from(RAW);
    bytes[second + at] = value;
    t.same(await read(bytes), {
      records: RECORDS.slice(0, 1),
      problems: [`a.raw is damaged at byte ${second}: what stands before is used`],
    });
  }
});

t.test('a damaged file is not thrown away with the capture that is made of it', async (t) => {
  const capture = join(folder, 'b.jsonl');
  const bytes = Buffer.from(RAW);
  bytes[bytes.length - 7] = 99;
  writeFileSync(`${capture}.raw`, bytes);
  const problems: string[] = [];
  const problem = (text: string): unknown => problems.push(text);
  const options = { path: capture, shown: 'b.jsonl', dialect: opaque, problem };
  t.match(await completeRecording(options), { connections: 1, bytes: 10 });
  t.match(problems, [/b\.jsonl\.raw is damaged at byte \d+: .* used, and the file is kept$/]);
  t.ok(existsSync(`${capture}.raw`));
  await t.rejects(completeRecording(options), { message: 'b.jsonl exists already' });
});

t.test('what is no raw file is refused', async (t) => {
  for (const bytes of [Buffer.alloc(0), Buffer.from('{}\n'), RAW.subarray(0, 40), RAW.subarray(1)])
    await t.rejects(read(bytes), {
      message: 'a.raw is not what meterproof record leaves while it runs',
    });
});

t.test('more than is held at a time comes through whole', async (t) => {
  const piece = Buffer.alloc(700_001, 'x');
  const raw = written((writer) => {
    for (let count = 1; count <= 9; count++) writer.data('client', 1, count, piece);
  });
  const { records, problems } = await read(raw);
  t.same(problems, []);
  t.equal(records.length, 9);
  t.ok(records.every((record, index) => record === `2 1 0 ${index + 1} ${piece.toString()}`));
});
