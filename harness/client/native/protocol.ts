// What a native task (a thread under the shim) and the harness say to each other; the other half is shim/protocol.h.
// Little endian, no padding.
import type { Nanos } from '../../clock/clock.ts';

export const PROTOCOL_VERSION = 2n;
const UP_BYTES = 32;
const DOWN_BYTES = 24;
const EVENT_BYTES = 24;
const REPORT_BYTES = 32;
const ADDRESS_BYTES = 32;
/** Room for an address and a report of 512 connections. */
const MAX_UP_BYTES = UP_BYTES + ADDRESS_BYTES + 512 * REPORT_BYTES;
const FOREVER = 0x7fffffffffffffffn;

export const UP = {
  hello: 1,
  wait: 2,
  connect: 3,
  bridged: 4,
  born: 5,
  exec: 6,
  here: 7,
  exit: 8,
  signalled: 9,
  broken: 10,
  lacks: 11,
} as const;

/** What can end a wait besides its deadline and a signal. */
const WAIT_KINDS = ['sleep', 'child', 'process', 'file'] as const;
export type WaitKind = (typeof WAIT_KINDS)[number];

export const EVENT = {
  seed: 1,
  bridge: 2,
  order: 3,
  runStart: 4,
  held: 5,
  connected: 6,
  refused: 7,
  timedOut: 8,
  delivered: 9,
} as const;
export const DELIVERED_END = 1;
export const DELIVERED_RESET = 2;

export interface Up {
  readonly type: number;
  readonly pid: number;
  readonly tid: number;
  readonly a: bigint;
  readonly b: bigint;
  readonly payload: Buffer;
}

/** One open connection as the client's kernel sees it; counts in bytes. */
export interface ConnectionReport {
  readonly id: bigint;
  readonly pending: boolean;
  /** A FIN was sent. */
  readonly ended: boolean;
  readonly unread: number;
  readonly written: number;
  readonly received: number;
}

/** The client asks for a connection; `reports` say how far the others had come then. */
export interface Connect {
  readonly id: bigint;
  readonly address: string;
  readonly port: number;
  /** Without an answer it is given up after this time; 0: the client has not said. */
  readonly patienceMs: number;
  /** The kernel's number of the socket. */
  readonly cookie: bigint;
  readonly reports: readonly ConnectionReport[];
}

export interface Wait {
  /** Case time; undefined: no end. */
  readonly deadline: Nanos | undefined;
  readonly kind: WaitKind;
  /** False: it looked, found nothing, and waits on. */
  readonly progress: boolean;
  /** Number of the system call that waits. */
  readonly call: number;
  readonly reports: readonly ConnectionReport[];
}

export interface TurnEvent {
  readonly type: number;
  readonly flags?: number;
  readonly id?: bigint;
  readonly value?: bigint;
}

/** Takes whole messages from the front of `bytes`; undefined for what cannot be one. */
export function readUps(bytes: Buffer): { messages: Up[]; rest: Buffer } | undefined {
  const messages: Up[] = [];
  let rest = bytes;
  while (rest.length >= UP_BYTES) {
    const size = rest.readUInt32LE(0);
    if (size < UP_BYTES || size > MAX_UP_BYTES) return undefined;
    if (rest.length < size) break;
    messages.push({
      type: rest.readUInt32LE(4),
      pid: rest.readInt32LE(8),
      tid: rest.readInt32LE(12),
      a: rest.readBigInt64LE(16),
      b: rest.readBigInt64LE(24),
      payload: Buffer.from(rest.subarray(UP_BYTES, size)),
    });
    rest = rest.subarray(size);
  }
  return { messages, rest };
}

function readReports(payload: Buffer): ConnectionReport[] {
  const reports: ConnectionReport[] = [];
  for (let at = 0; at + REPORT_BYTES <= payload.length; at += REPORT_BYTES) {
    const flags = payload.readUInt32LE(at + 8);
    reports.push({
      id: payload.readBigUInt64LE(at),
      pending: (flags & 1) !== 0,
      ended: (flags & 2) !== 0,
      unread: payload.readUInt32LE(at + 12),
      written: Number(payload.readBigUInt64LE(at + 16)),
      received: Number(payload.readBigUInt64LE(at + 24)),
    });
  }
  return reports;
}

export function readWait({ a, b, payload }: Up): Wait {
  const bits = Number(b);
  return {
    deadline: a === FOREVER ? undefined : a,
    kind: WAIT_KINDS[bits & 0xff] ?? 'file',
    progress: (bits & 0x100) !== 0,
    call: Number(b >> 16n),
    reports: readReports(payload),
  };
}

export function readConnect({ a, b, payload }: Up): Connect {
  return {
    id: a,
    address: readAddress(payload),
    port: Number(b & 0xffffn),
    patienceMs: payload.readUInt32LE(20),
    cookie: payload.readBigUInt64LE(24),
    reports: readReports(payload.subarray(ADDRESS_BYTES)),
  };
}

/** As it is written; IPv4 in IPv6 as IPv4. */
function readAddress(payload: Buffer): string {
  if (payload.readUInt32LE(0) === 4) return payload.subarray(4, 8).join('.');
  const bytes = payload.subarray(4, 20);
  const mapped = bytes.subarray(0, 12).equals(Buffer.from('00000000000000000000ffff', 'hex'));
  if (mapped) return bytes.subarray(12).join('.');
  const groups = bytes.toString('hex').match(/.{4}/g)!;
  return new URL(`http://[${groups.join(':')}]`).hostname.slice(1, -1);
}

/** A turn: time is `now`; `wall` is what the wall clock showed at case time 0, ns since 1970. */
export function encodeTurn(now: Nanos, wall: bigint, events: readonly TurnEvent[]): Buffer {
  const bytes = Buffer.alloc(DOWN_BYTES + events.length * EVENT_BYTES);
  bytes.writeUInt32LE(bytes.length, 0);
  bytes.writeUInt32LE(events.length, 4);
  bytes.writeBigInt64LE(now, 8);
  bytes.writeBigInt64LE(wall, 16);
  for (const [index, { type, flags = 0, id = 0n, value = 0n }] of events.entries()) {
    const at = DOWN_BYTES + index * EVENT_BYTES;
    bytes.writeUInt32LE(type, at);
    bytes.writeUInt32LE(flags, at + 4);
    bytes.writeBigUInt64LE(id, at + 8);
    bytes.writeBigUInt64LE(value, at + 16);
  }
  return bytes;
}
