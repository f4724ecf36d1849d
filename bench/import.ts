// How fast a long capture is imported, and in how much memory: npx tsx bench/import.ts [megabytes]
// Bars: 1 GB within 300 MB of memory. Two thirds of the packets are of metering clients, the rest is other traffic;
// one in fifty comes late, one in two hundred twice, one in a thousand not at all.
import { execFileSync } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, rmSync, statSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';
import { uniformInt } from 'pure-rand/distribution/uniformInt';
import { encode } from '../emulators/metering/codec/index.ts';
import { metering } from '../emulators/metering/index.ts';
import { importCapture } from '../harness/capture/pcap/import.ts';
import { LINK } from '../harness/capture/pcap/link.ts';
import {
  interfaceBlock,
  packetBlock,
  sectionBlock,
} from '../harness/capture/pcap/pcapng-writer.ts';
import { FLAG, tcpPacket, type Corner } from '../harness/capture/pcap/tcp-packet.ts';

const MEGABYTE = 1_000_000;
const BAR_MEGABYTES = 300;
const SEED = 1;
const CONVERSATIONS = 64;
const SEGMENT_BYTES = 1400;
const MESSAGES_A_CONVERSATION = 40;

const random = xoroshiro128plus(SEED);
const chance = (oneIn: number): boolean => uniformInt(random, 1, oneIn) === 1;

/** One conversation without end: connections after each other, of one client. */
function* conversation(number: number): Generator<Buffer> {
  const isOther = number % 3 === 0;
  const isShare = number % 3 === 1;
  const client = Buffer.of(10, 1, number >> 8, number & 0xff);
  for (let port = 20_000; ; port = port === 60_000 ? 20_000 : port + 1) {
    const ends = {
      client: { address: client, port },
      server: {
        address: Buffer.of(10, 0, 0, 1 + (number % 2)),
        port: isOther ? 443 : isShare ? 7280 : 7230,
      },
    };
    const next = {
      client: uniformInt(random, 0, 0xffff_ffff),
      server: uniformInt(random, 0, 0xffff_ffff),
    };
    const packet = (
      by: 'client' | 'server',
      flags: number,
      payload: Buffer = Buffer.alloc(0),
    ): Buffer => {
      const to = by === 'client' ? 'server' : 'client';
      const made = tcpPacket({
        from: ends[by],
        to: ends[to] satisfies Corner,
        sequence: next[by],
        acknowledgement: next[to],
        flags,
        payload,
      });
      next[by] = (next[by] + payload.length + (flags & (FLAG.syn | FLAG.fin) ? 1 : 0)) >>> 0;
      return made;
    };
    yield packet('client', FLAG.syn);
    yield packet('server', FLAG.syn | FLAG.ack);
    yield packet('client', FLAG.ack);
    for (let message = 0; message < MESSAGES_A_CONVERSATION; message++) {
      const [asked, answered]: readonly [Buffer, Buffer] = isOther
        ? [NOISE, NOISE]
        : isShare
          ? upload(number, port, message)
          : lease(number, message);
      for (let at = 0; at < asked.length; at += SEGMENT_BYTES)
        yield packet('client', FLAG.ack, asked.subarray(at, at + SEGMENT_BYTES));
      yield packet('server', FLAG.ack | FLAG.push, answered);
      yield packet('client', FLAG.ack);
    }
    yield packet('client', FLAG.fin | FLAG.ack);
    yield packet('server', FLAG.fin | FLAG.ack);
    yield packet('client', FLAG.ack);
  }
}

const NOISE = Buffer.alloc(SEGMENT_BYTES, 0x17);
const STORED = Buffer.from('HTTP/1.1 201 Created\r\ncontent-length: 2\r\n\r\nok');

function upload(number: number, port: number, message: number): [Buffer, Buffer] {
  const record = {
    id: `${number}-${port}-${message}`,
    client: `ws${number}`,
    user: 'user',
    workstation: 'WS',
    program: 'word.exe',
    originalName: '',
    version: 'x'.repeat(4000),
    start: '1999-03-01T08:00:00.000Z',
    stop: '1999-03-01T09:00:00.000Z',
  };
  const body = `${JSON.stringify(record)}\n`;
  const head = `PUT /LicMtr/Inboxes/Offline/${record.id}.log HTTP/1.1\r\nhost: a\r\ncontent-length: ${body.length}\r\n\r\n`;
  return [Buffer.from(head + body), STORED];
}

function lease(number: number, message: number): [Buffer, Buffer] {
  const id = message + 1;
  if (message === 0)
    return [
      encode(
        {
          type: 'hello',
          client: `ws${number}`,
          user: 'u',
          workstation: 'w',
          build: 'b',
          mode: 'online',
        },
        id,
      ),
      encode({ type: 'welcome', serverTimeMs: 1, configurationVersion: 1 }, id),
    ];
  return [
    encode(
      { type: 'request-use', program: 'word.exe', originalName: '', version: '4'.repeat(600) },
      id,
    ),
    encode({ type: 'granted', lease: `alpha-${message}` }, id),
  ];
}

function generate(path: string, megabytes: number): number {
  const file = openSync(path, 'w');
  const conversations = Array.from({ length: CONVERSATIONS }, (_, number) => conversation(number));
  let timeNs = 1_700_000_000_000_000_000n;
  let bytes = 0;
  let packets = 0;
  let waiting: Buffer[] = [
    sectionBlock('made for a benchmark', 'Meterproof'),
    interfaceBlock(LINK.raw, 'made'),
  ];
  const late: Buffer[] = [];
  while (bytes < megabytes * MEGABYTE) {
    const one = conversations[uniformInt(random, 0, CONVERSATIONS - 1)]!;
    const packet = one.next().value as Buffer;
    packets++;
    timeNs += 20_000n;
    if (chance(1000)) continue;
    if (chance(50)) late.push(packet);
    else waiting.push(packetBlock(timeNs, packet));
    if (chance(200)) waiting.push(packetBlock(timeNs, packet));
    if (late.length > 4) waiting.push(packetBlock(timeNs, late.shift()!));
    if (waiting.length < 2000) continue;
    bytes += writeSync(file, Buffer.concat(waiting));
    waiting = [];
  }
  closeSync(file);
  return packets;
}

/** In a process of its own: what the import takes is measured, not what the generator left. */
async function measure(path: string, out: string): Promise<void> {
  const begun = performance.now();
  const { connections, events, problems } = await importCapture({
    path,
    out,
    dialect: metering,
    servers: [],
  });
  const seconds = (performance.now() - begun) / 1000;
  const peakMegabytes = (process.resourceUsage().maxRSS * 1024) / MEGABYTE;
  console.log(JSON.stringify({ seconds, peakMegabytes, connections, events, problems }));
}

const [, , first = '1000', path, out] = process.argv;
if (first === 'measure') await measure(path!, out!);
else {
  const folder = mkdtempSync(join(tmpdir(), 'meterproof-bench-'));
  try {
    const capture = join(folder, 'made.pcapng');
    const packets = generate(capture, Number(first));
    const megabytes = statSync(capture).size / MEGABYTE;
    const args = [
      ...process.execArgv,
      import.meta.filename,
      'measure',
      capture,
      join(folder, 'made.jsonl'),
    ];
    const result = JSON.parse(execFileSync(process.execPath, args, { encoding: 'utf8' })) as {
      readonly seconds: number;
      readonly peakMegabytes: number;
      readonly connections: number;
      readonly events: number;
    };
    const { seconds, peakMegabytes, connections, events } = result;
    console.log(
      `import: ${megabytes.toFixed(0)} MB, ${packets} packets, ${connections} connections, ${events} events in ` +
        `${seconds.toFixed(1)} s: ${(megabytes / seconds).toFixed(0)} MB/s, peak memory ${peakMegabytes.toFixed(0)} MB ` +
        `(bar ${BAR_MEGABYTES} MB)`,
    );
    if (peakMegabytes > BAR_MEGABYTES) process.exitCode = 1;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
