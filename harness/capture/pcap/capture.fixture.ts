// Captures made by hand, byte by byte, so that the readers are not tested against our own writer alone.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { metering } from '../../../emulators/metering/index.ts';
import type { Trace } from '../../trace/event.ts';
import { parseTrace } from '../../trace/file.ts';
import { importCapture, type Imported, type ImportOptions } from './import.ts';
import { FLAG, tcpPacket } from './tcp-packet.ts';

export const SECOND_US = 1_000_000;
export const CLIENT = { address: Buffer.of(10, 0, 0, 9), port: 40_000 };
export const SERVER = { address: Buffer.of(10, 0, 0, 1), port: 7230 };

export interface Captured {
  /** Microseconds since 1970. */
  readonly atUs: number;
  readonly frame: Buffer;
  /** On the wire; the frame is cut. */
  readonly wireLength?: number;
}

export interface PcapShape {
  readonly isBig?: boolean;
  readonly isNano?: boolean;
  readonly link?: number;
}

export function pcap(
  packets: readonly Captured[],
  { isBig = false, isNano = false, link = 101 }: PcapShape = {},
): Buffer {
  const u32 = (...values: readonly number[]): Buffer => words(values, isBig);
  const magic = isNano ? 0xa1b23c4d : 0xa1b2c3d4;
  const version = isBig ? 0x0002_0004 : 0x0004_0002;
  return Buffer.concat([
    u32(magic, version, 0, 0, 262_144, link),
    ...packets.flatMap(({ atUs, frame, wireLength = frame.length }) => {
      const fraction = (atUs % SECOND_US) * (isNano ? 1000 : 1);
      return [u32(Math.floor(atUs / SECOND_US), fraction, frame.length, wireLength), frame];
    }),
  ]);
}

export function words(values: readonly number[], isBig = false): Buffer {
  const bytes = Buffer.alloc(4 * values.length);
  for (const [index, value] of values.entries())
    if (isBig) bytes.writeUInt32BE(value >>> 0, 4 * index);
    else bytes.writeUInt32LE(value >>> 0, 4 * index);
  return bytes;
}

export interface Spoken {
  readonly by: 'client' | 'server';
  readonly bytes: Buffer;
}

/** The packets of one whole connection: handshake, what is spoken, and both FINs, a millisecond apart. */
export function connection(
  spoken: readonly Spoken[],
  { client = CLIENT, server = SERVER, startUs = SECOND_US, isnClient = 0xffff_fff0 } = {},
): Captured[] {
  const next = { client: isnClient, server: 5000 };
  let atUs = startUs;
  const packet = (by: 'client' | 'server', flags: number, payload?: Buffer): Captured => {
    const other = by === 'client' ? 'server' : 'client';
    const ends = { client, server };
    const frame = tcpPacket({
      from: ends[by],
      to: ends[other],
      sequence: next[by],
      acknowledgement: next[other],
      flags,
      ...(payload && { payload }),
    });
    next[by] += (payload?.length ?? 0) + (flags & (FLAG.syn | FLAG.fin) ? 1 : 0);
    return { atUs: (atUs += 1000), frame };
  };
  return [
    packet('client', FLAG.syn),
    packet('server', FLAG.syn | FLAG.ack),
    packet('client', FLAG.ack),
    ...spoken.map(({ by, bytes }) => packet(by, FLAG.ack | FLAG.push, bytes)),
    packet('client', FLAG.fin | FLAG.ack),
    packet('server', FLAG.fin | FLAG.ack),
    packet('client', FLAG.ack),
  ];
}

export interface ReadBack extends Imported {
  readonly trace: Trace;
  /** `alpha.pipe hello`, without raw bytes. */
  readonly lines: readonly string[];
  /** What a side sent, over all connections, in order. */
  bytes(event: 'received' | 'sent'): Buffer;
  readonly texts: readonly string[];
}

/** Imports a file of those bytes; rejects as `importCapture` does. */
export async function imported(
  file: Buffer,
  options: Partial<ImportOptions> = {},
): Promise<ReadBack> {
  const folder = mkdtempSync(join(tmpdir(), 'meterproof-'));
  try {
    const path = join(folder, 'field.pcap');
    const out = join(folder, 'field.jsonl');
    writeFileSync(path, file);
    const result = await importCapture({ path, out, dialect: metering, servers: [], ...options });
    const text = readFileSync(out, 'utf8');
    const trace: Trace =
      text === '' ? { header: result.header, events: [] } : parseTrace(text, 'field.jsonl');
    const isRaw = (event: string): boolean => event === 'received' || event === 'sent';
    return {
      ...result,
      trace,
      lines: trace.events
        .filter(({ event }) => !isRaw(event))
        .map(({ actor, face, event, fields }) =>
          [`${actor}.${face}`, event, ...Object.entries(fields).map(([k, v]) => `${k}=${v}`)].join(
            ' ',
          ),
        ),
      bytes: (wanted) =>
        Buffer.concat(
          trace.events
            .filter(({ event }) => event === wanted)
            .map(({ bytes = '' }) => Buffer.from(bytes, 'base64')),
        ),
      texts: result.problems.map(({ offset, text: said }) => `${offset ?? '-'}: ${said}`),
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
