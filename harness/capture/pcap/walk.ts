// One way through a capture file: packets, segments, connections.
import { open } from 'node:fs/promises';
import { PacketFile } from './packet-file.ts';
import { Connections, type ConnectionsOptions } from './connections.ts';
import { readIp } from './ip.ts';
import { ipOffset } from './link.ts';
import type { CapturedPacket } from './packet.ts';
import type { Problems } from './problems.ts';
import { endpointText } from './address.ts';
import { readSegment, type Segment } from './tcp.ts';
import { Timeline } from './timeline.ts';

export interface WalkOptions extends Pick<ConnectionsOptions, 'isServer' | 'open'> {
  /** As messages call it. */
  readonly file: string;
  readonly problems: Problems;
  readonly timeline: Timeline;
  readonly named?: (address: string, name: string) => void;
  /** Bytes that wait out of order, at most. */
  readonly maxHeldBytes?: number;
}

const READ_BYTES = 256 * 1024;
const MAX_STRANGERS = 1024;

/** Where a walk has been. */
export class Walk {
  readonly #options: WalkOptions;
  readonly #file: PacketFile;
  readonly #connections: Connections;
  /** Endpoints of other TCP traffic, by how often they were called. */
  readonly #strangers = new Map<string, number>();
  packets = 0;
  /** Segments to or from a server. */
  segments = 0;

  constructor(options: WalkOptions) {
    const { problems } = options;
    this.#options = options;
    this.#file = new PacketFile(options);
    this.#connections = new Connections({
      ...options,
      forgotten: (offset) =>
        problems.add(
          'forgotten',
          offset,
          'more connections at a time than are followed: the oldest is taken to end here',
        ),
    });
  }

  get heldBytes(): number {
    return this.#connections.heldBytes;
  }

  get stopped(): boolean {
    return this.#file.stopped;
  }

  /** Throws a CaptureError for what is no capture. */
  push(piece: Buffer, isLast = false): void {
    for (const packet of this.#file.push(piece, isLast)) this.#packet(packet);
    if (isLast) this.#finish();
  }

  /** The endpoints that were called most, of traffic that was passed over. */
  strangers(): readonly string[] {
    return [...this.#strangers]
      .toSorted(([, a], [, b]) => b - a)
      .slice(0, 5)
      .map(([endpoint]) => endpoint);
  }

  #finish(): void {
    const undecided = this.#connections.finish(this.#options.timeline.now);
    if (undecided > 0)
      this.#options.problems.add(
        'undecided',
        undefined,
        `the capture ends less than a second after a connection attempt, and what came of it is not known (${undecided})`,
      );
  }

  #packet({ timeNs, link, bytes, wireLength, offset }: CapturedPacket): void {
    const { problems, timeline } = this.#options;
    this.packets++;
    const at = timeline.advance(timeNs, offset);
    const start = ipOffset(link, bytes);
    if (start === undefined) {
      problems.add(`link-${link}`, offset, `packets of link type ${link} are not understood`);
      return;
    }
    if (start < 0) return;
    const ip = readIp(bytes, start, wireLength, { problems, offset });
    if (!ip) return;
    const segment = readSegment(ip);
    if (!segment) {
      const why = ip.cutBytes > 0 ? 'cut within its TCP header' : 'no whole TCP segment';
      problems.add(`tcp-${why}`, offset, `a packet is ${why}: not used`);
      return;
    }
    if (this.#connections.segment(segment, at, offset)) {
      this.segments++;
      if (segment.cutBytes > 0)
        problems.add(
          'cut',
          offset,
          `${segment.cutBytes} bytes of a packet are cut off by the snap length: they are a gap (tcpdump -s 0 captures all)`,
        );
    } else this.#stranger(segment);
  }

  #stranger({ isSyn, isAck, target, targetPort, source, sourcePort }: Segment): void {
    // Who answers a SYN is a server; else the lower port is more likely to be one.
    const isCalled = isSyn ? !isAck : targetPort <= sourcePort;
    const endpoint = isCalled ? endpointText(target, targetPort) : endpointText(source, sourcePort);
    const count = this.#strangers.get(endpoint);
    if (count !== undefined || this.#strangers.size < MAX_STRANGERS)
      this.#strangers.set(endpoint, (count ?? 0) + 1);
  }
}

/** Reads a file to its end; the pieces share one buffer. `between` is called behind each. */
export async function readThrough(
  path: string,
  walk: Pick<Walk, 'push' | 'stopped'>,
  between: (bytesRead: number, totalBytes: number) => Promise<void> | void,
): Promise<void> {
  const handle = await open(path, 'r');
  try {
    const { size } = await handle.stat();
    const buffer = Buffer.alloc(READ_BYTES);
    for (let total = 0; !walk.stopped;) {
      const { bytesRead } = await handle.read(buffer, 0, READ_BYTES, null);
      if (bytesRead === 0) break;
      total += bytesRead;
      walk.push(buffer.subarray(0, bytesRead));
      await between(Math.min(total, size), size);
    }
    walk.push(Buffer.alloc(0), true);
    await between(size, size);
  } finally {
    await handle.close();
  }
}
