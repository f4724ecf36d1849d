// Reads back recordings of a gigabyte (or as many megabytes as asked for): npx tsx bench/trace-file.ts [MEGABYTES]
import { execFileSync } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, rmSync, statSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { metering } from '../emulators/metering/index.ts';
import { readCapture } from '../harness/capture/capture-file.ts';
import { exportTrace } from '../harness/capture/pcap/export.ts';
import { MILLISECOND } from '../harness/clock/clock.ts';
import { replayAsJudge } from '../harness/replay/judge-capture.ts';
import type { TraceEvent } from '../harness/trace/event.ts';
import { eventLine, headerLine } from '../harness/trace/file.ts';
import { TraceStream } from '../harness/trace/stream.ts';

const MEGABYTE = 1_000_000;
/** What goes through a file without holding it. */
const STREAM_BAR_MEGABYTES = 300;
/** Long texts fill the bytes of some files, records those of the others: their judging grows with them, and no faster. */
const SHAPES = {
  bytes: { recordsALog: 4, version: '4'.repeat(12_000), share: 1 },
  records: { recordsALog: 180, version: '4', share: 0.1 },
} as const;
type Shape = (typeof SHAPES)[keyof typeof SHAPES];
/** What a machine that is busy with other things takes, and more: a judge that is not linear takes minutes. */
const RECORDS_BAR_SECONDS = 60;

const STORED = Buffer.from('HTTP/1.1 201 Created\r\ncontent-length: 2\r\n\r\nok').toString(
  'base64',
);
const START_MS = Date.UTC(1999, 2, 1);

/** One log of about 50 KB, uploaded on a connection of its own. */
function upload(number: number, { recordsALog, version }: Shape): readonly TraceEvent[] {
  const at = BigInt(number) * 10n * MILLISECOND;
  const log = `${number}.log`;
  const usage = Array.from({ length: recordsALog }, (_, index) => ({
    record: `${number}-${index}`,
    program: 'word.exe',
    startMs: START_MS + 1000 * (number * recordsALog + index),
    stopMs: START_MS + 1000 * (number * recordsALog + index) + 900,
  }));
  const body = usage
    .map(({ record, program, startMs, stopMs }) => ({
      id: record,
      client: 'ws1',
      user: 'u',
      workstation: 'w',
      program,
      originalName: '',
      version,
      start: new Date(startMs).toISOString(),
      stop: new Date(stopMs).toISOString(),
    }))
    .map((record) => `${JSON.stringify(record)}\n`)
    .join('');
  const request = `PUT /LicMtr/Inboxes/Offline/${log} HTTP/1.1\r\nhost: a\r\ncontent-length: ${body.length}\r\n\r\n${body}`;
  const place = { at, actor: 'alpha', face: 'share', from: 'ws1', conn: number + 1 };
  const said = { log, records: usage.length, record: usage[0]!.record };
  const bytes = Buffer.from(request).toString('base64');
  return [
    { ...place, event: 'connect', fields: {} },
    { ...place, event: 'received', fields: { length: request.length }, bytes },
    { ...place, event: 'upload-offer', fields: said, usage },
    { ...place, event: 'upload-accept', fields: { ...said, status: 201 }, usage },
    { ...place, event: 'sent', fields: { length: STORED.length }, bytes: STORED },
    { ...place, event: 'close', fields: { by: 'server' } },
  ];
}

function generate(path: string, megabytes: number, shape: Shape): void {
  const file = openSync(path, 'w');
  const header = {
    meterproof: 1,
    case: 'capture/made',
    client: 'unknown',
    time: 'real',
    seed: 0,
    epoch: '1999-03-01T00:00:00.000Z',
    observer: 'capture',
  } as const;
  let bytes = writeSync(file, `${headerLine(header)}\n`);
  for (let number = 0; bytes < megabytes * MEGABYTE; number++)
    bytes += writeSync(
      file,
      upload(number, shape)
        .map((event) => `${eventLine(event)}\n`)
        .join(''),
    );
  closeSync(file);
}

const DEEDS: Readonly<Record<string, (path: string) => Promise<number>>> = {
  read: async (path) => {
    const stream = await TraceStream.open(path, 'made.jsonl');
    for await (const _ of stream.events());
    return stream.eventCount;
  },
  export: async (path) => {
    const stream = await TraceStream.open(path, 'made.jsonl');
    for await (const _ of exportTrace(stream, metering));
    return stream.eventCount;
  },
  judge: async (path) => {
    const trace = await readCapture(path, 'made.jsonl', metering);
    replayAsJudge(trace, { file: 'made.jsonl' });
    return trace.events.length;
  },
};

interface Measured {
  readonly seconds: number;
  readonly peakMegabytes: number;
  readonly events: number;
}

/** In a process of its own: what the deed takes is measured, not what the generator left. */
async function measure(deed: string, path: string): Promise<Measured> {
  const begun = performance.now();
  const events = await DEEDS[deed]!(path);
  return {
    seconds: (performance.now() - begun) / 1000,
    peakMegabytes: (process.resourceUsage().maxRSS * 1024) / MEGABYTE,
    events,
  };
}

const [, , first = '1000', name, file] = process.argv;
if (first === 'measure') console.log(JSON.stringify(await measure(name!, file!)));
else {
  const folder = mkdtempSync(join(tmpdir(), 'meterproof-bench-'));
  try {
    for (const [kind, shape] of Object.entries(SHAPES)) {
      const path = join(folder, `${kind}.jsonl`);
      generate(path, Number(first) * shape.share, shape);
      const megabytes = statSync(path).size / MEGABYTE;
      for (const deed of Object.keys(DEEDS)) {
        const args = [...process.execArgv, import.meta.filename, 'measure', deed, path];
        const { seconds, peakMegabytes, events } = JSON.parse(
          execFileSync(process.execPath, args, { encoding: 'utf8' }),
        ) as Measured;
        const isStream = deed !== 'judge';
        const isLong = shape === SHAPES.records && seconds > RECORDS_BAR_SECONDS;
        const bar = isStream ? ` (bar ${STREAM_BAR_MEGABYTES} MB)` : '';
        console.log(
          `${deed} ${kind}: ${megabytes.toFixed(0)} MB, ${events} events in ${seconds.toFixed(1)} s: ` +
            `${(megabytes / seconds).toFixed(0)} MB/s, peak memory ${peakMegabytes.toFixed(0)} MB${bar}`,
        );
        if (isLong || (isStream && peakMegabytes > STREAM_BAR_MEGABYTES)) process.exitCode = 1;
      }
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
