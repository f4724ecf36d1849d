// A trace as packets, as a bystander would have captured them.
import type { Dialect } from '../../../emulators/emulator.ts';
import type { TraceEvent, TraceHeader } from '../../trace/event.ts';
import { formatEvent } from '../../trace/format.ts';
import type { Side } from '../decode.ts';
import { LINK } from './link.ts';
import { interfaceBlock, namesBlock, packetBlock, sectionBlock } from './pcapng-writer.ts';
import { FLAG, MAX_PAYLOAD_BYTES, tcpPacket, type Corner } from './tcp-packet.ts';

/** Where a client's ports begin; the next attempt has the next. */
const FIRST_PORT = 32_768;
const PORTS = 65_536 - FIRST_PORT;
const COMMENT_BYTES = 1024;
/** Between the packets of one event, so that none seems to come with another. */
const STEP_NS = 1000n;

/** Where something is in the capture. */
interface Conversation {
  readonly client: Corner;
  readonly server: Corner;
  /** The next sequence number of each side. */
  readonly next: Record<Side, number>;
  readonly ended: Record<Side, boolean>;
}

/** A trace that can be gone through more than once: on disk, so that it may be of any length, or in memory. */
export interface TraceSource {
  readonly header: TraceHeader;
  events(): AsyncIterable<TraceEvent> | Iterable<TraceEvent>;
}

/**
 * The blocks of a pcapng file: raw IPv4 with times in nanoseconds, servers at 10.0.0.n and clients at 10.0.64.n with their
 * names, the case as comment of the file, and what each event means as comment of its packets. Bytes that the trace does
 * not have any more are jumped over. The events are gone through twice: names come before packets.
 */
export async function* exportTrace(
  source: TraceSource,
  dialect: Dialect,
): AsyncGenerator<Buffer, void, undefined> {
  const { header } = source;
  const epochNs = BigInt(Date.parse(header.epoch)) * 1_000_000n;
  const packets = new Packets(await namesIn(source), dialect);
  yield sectionBlock(
    `case ${header.case}, client ${header.client}, time ${header.time}, seed ${header.seed}, epoch ${header.epoch}, observer ${header.observer}`,
    'Meterproof',
  );
  yield interfaceBlock(LINK.raw, 'trace');
  yield namesBlock(packets.names());
  let comments: string[] = [];
  let lastNs = 0n;
  for await (const event of source.events()) {
    const made = packets.of(event);
    if (made.length === 0) {
      if (comments.length < 16) comments.push(formatEvent(event));
      continue;
    }
    for (const packet of made) {
      const timeNs = epochNs + event.at;
      lastNs = timeNs > lastNs ? timeNs : lastNs + STEP_NS;
      const comment = comments.length > 0 ? comments.join('\n') : undefined;
      yield packetBlock(lastNs, packet, shortened(comment));
      comments = [];
    }
  }
}

interface Names {
  readonly servers: ReadonlySet<string>;
  readonly clients: ReadonlySet<string>;
}

async function namesIn(source: TraceSource): Promise<Names> {
  const servers = new Set<string>();
  const clients = new Set<string>();
  for await (const { actor, face, from = UNKNOWN } of source.events()) {
    if (face === undefined) continue;
    servers.add(actor);
    clients.add(from);
  }
  return { servers, clients };
}

class Packets {
  readonly #servers: ReadonlyMap<string, Buffer>;
  readonly #clients: ReadonlyMap<string, Buffer>;
  readonly #ports: ReadonlyMap<string, number>;
  readonly #open = new Map<number, Conversation>();
  #attempts = 0;

  constructor({ servers, clients }: Names, { faces }: Dialect) {
    this.#servers = addresses(servers, 0);
    this.#clients = addresses(clients, 64);
    this.#ports = new Map(faces.map(({ name, port }) => [name, port]));
  }

  names(): readonly (readonly [address: Buffer, name: string])[] {
    return [...this.#servers, ...this.#clients].map(([name, address]) => [address, name]);
  }

  of(event: TraceEvent): readonly Buffer[] {
    const by: Side = event.fields['by'] === 'server' ? 'server' : 'client';
    const bytes = Buffer.from(event.bytes ?? '', 'base64');
    switch (event.event) {
      case 'connect':
        return this.#handshake(this.#begin(event));
      case 'refused': {
        const conversation = this.#begin(event);
        return [
          this.#segment(conversation, 'client', FLAG.syn),
          this.#segment(conversation, 'server', FLAG.rst | FLAG.ack),
        ];
      }
      case 'unanswered':
        return [this.#segment(this.#begin(event), 'client', FLAG.syn)];
      case 'received':
      case 'swallowed':
        return this.#data(event, 'client', bytes);
      case 'sent':
        return this.#data(event, 'server', bytes);
      case 'gap':
        this.#skip(event);
        return [];
      case 'close':
        return this.#fin(event, by);
      case 'reset':
        return this.#reset(event, by);
      default:
        return [];
    }
  }

  #begin({ actor, face = '', from = UNKNOWN, conn }: TraceEvent): Conversation {
    const attempt = this.#attempts++;
    const conversation: Conversation = {
      client: { address: this.#clients.get(from)!, port: FIRST_PORT + (attempt % PORTS) },
      server: { address: this.#servers.get(actor)!, port: this.#ports.get(face) ?? UNKNOWN_PORT },
      // Another number for each attempt, so that one that comes to the same port again is told apart.
      next: {
        client: (attempt * 0x1_0001 + 1) >>> 0,
        server: (attempt * 0x1_0001 + 0x4000_0001) >>> 0,
      },
      ended: { client: false, server: false },
    };
    if (conn !== undefined) this.#open.set(conn, conversation);
    return conversation;
  }

  #handshake(conversation: Conversation): readonly Buffer[] {
    return [
      this.#segment(conversation, 'client', FLAG.syn),
      this.#segment(conversation, 'server', FLAG.syn | FLAG.ack),
      this.#segment(conversation, 'client', FLAG.ack),
    ];
  }

  #data(event: TraceEvent, from: Side, bytes: Buffer): readonly Buffer[] {
    // A connection from the middle has no handshake.
    const conversation = this.#of(event) ?? this.#begin(event);
    const packets: Buffer[] = [];
    for (let at = 0; at < bytes.length; at += MAX_PAYLOAD_BYTES) {
      const part = bytes.subarray(at, at + MAX_PAYLOAD_BYTES);
      packets.push(this.#segment(conversation, from, FLAG.push | FLAG.ack, part));
    }
    const length = Number(event.fields['length'] ?? bytes.length);
    if (Number.isSafeInteger(length) && length > bytes.length)
      move(conversation, from, length - bytes.length);
    return packets;
  }

  #skip(event: TraceEvent): void {
    const conversation = this.#of(event);
    const length = Number(event.fields['length'] ?? 0);
    if (conversation && Number.isSafeInteger(length))
      move(conversation, event.fields['of'] === 'server' ? 'server' : 'client', length);
  }

  #fin(event: TraceEvent, by: Side): readonly Buffer[] {
    const conversation = this.#of(event);
    if (!conversation || conversation.ended[by]) return [];
    conversation.ended[by] = true;
    return [this.#segment(conversation, by, FLAG.fin | FLAG.ack)];
  }

  #reset(event: TraceEvent, by: Side): readonly Buffer[] {
    const conversation = this.#of(event);
    if (!conversation) return [];
    this.#open.delete(event.conn!);
    return [this.#segment(conversation, by, FLAG.rst | FLAG.ack)];
  }

  #of({ conn }: TraceEvent): Conversation | undefined {
    return conn === undefined ? undefined : this.#open.get(conn);
  }

  #segment(conversation: Conversation, from: Side, flags: number, payload?: Buffer): Buffer {
    const to = from === 'client' ? 'server' : 'client';
    const { next } = conversation;
    const packet = tcpPacket({
      from: conversation[from],
      to: conversation[to],
      sequence: next[from],
      acknowledgement: next[to],
      flags,
      ...(payload && { payload }),
    });
    const isCounted = (flags & (FLAG.syn | FLAG.fin)) !== 0;
    move(conversation, from, (payload?.length ?? 0) + (isCounted ? 1 : 0));
    return packet;
  }
}

const UNKNOWN = 'client';
const UNKNOWN_PORT = 1;

function move({ next }: Conversation, side: Side, bytes: number): void {
  next[side] = (next[side] + bytes) >>> 0;
}

/** `10.0.<third>.1` and on, in the order of appearance. */
function addresses(names: ReadonlySet<string>, third: number): ReadonlyMap<string, Buffer> {
  return new Map(
    [...names].map((name, index) => {
      const number = index + 1;
      return [
        name,
        Buffer.of(10, (number >>> 16) & 0xff, third + ((number >>> 8) & 0xff), number & 0xff),
      ];
    }),
  );
}

function shortened(comment: string | undefined): string | undefined {
  if (comment === undefined || Buffer.byteLength(comment) <= COMMENT_BYTES) return comment;
  return `${Buffer.from(comment)
    .toString('utf8', 0, COMMENT_BYTES)
    .replace(/\ufffd+$/, '')}…`;
}
