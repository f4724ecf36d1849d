// IPv4 (RFC 791) and IPv6 (RFC 8200) down to the TCP segment.
import { ipv4Text, ipv6Text } from './address.ts';
import type { Problems } from './problems.ts';

export interface IpPacket {
  readonly source: string;
  readonly target: string;
  /** The frame; what the transport has lies from `start` to `end`, as far as it was captured. */
  readonly frame: Buffer;
  readonly start: number;
  readonly end: number;
  /** Bytes of it that were on the wire and are not in the capture. */
  readonly cutBytes: number;
}

const TCP = 6;
const FRAGMENT = 44;
const AUTHENTICATION = 51;
/** Hop by hop, routing, destination options, mobility, host identity, shim6: next header, length in units of 8 bytes. */
const EXTENSIONS: ReadonlySet<number> = new Set([0, 43, 60, 135, 139, 140]);
const MAX_EXTENSIONS = 16;

interface Where {
  readonly problems: Problems;
  /** Of the packet in the file. */
  readonly offset: number;
}

/** The IP packet that begins at `from` of `frame`, if it carries TCP. `wireLength`: how long the frame was on the wire. */
export function readIp(
  frame: Buffer,
  from: number,
  wireLength: number,
  where: Where,
): IpPacket | undefined {
  const version = (frame[from] ?? 0) >> 4;
  if (version === 4 && frame.length >= from + 20) return readIpv4(frame, from, wireLength, where);
  if (version === 6 && frame.length >= from + 40) return readIpv6(frame, from, wireLength, where);
  if (frame.length < wireLength)
    where.problems.add('headers', where.offset, 'a packet is cut within its IP header: not used');
  return undefined;
}

function readIpv4(
  frame: Buffer,
  from: number,
  wireLength: number,
  where: Where,
): IpPacket | undefined {
  if (frame[from + 9] !== TCP)
    return otherThanTcp(frame, from + 9, from + (frame[from]! & 0x0f) * 4, where);
  const headerBytes = (frame[from]! & 0x0f) * 4;
  // 0: the network card was to cut the packet, and would have written the length.
  const totalBytes = frame.readUInt16BE(from + 2) || wireLength - from;
  if (headerBytes < 20 || totalBytes < headerBytes) return malformed(where);
  const fragment = frame.readUInt16BE(from + 6) & 0x3fff;
  if (fragment !== 0 && !isFirstFragment(fragment & 0x1fff, where)) return undefined;
  const { start, end, cutBytes } = extent(frame, from + headerBytes, from + totalBytes, wireLength);
  return {
    source: ipv4Text(frame.readUInt32BE(from + 12)),
    target: ipv4Text(frame.readUInt32BE(from + 16)),
    frame,
    start,
    end,
    cutBytes,
  };
}

function readIpv6(
  frame: Buffer,
  from: number,
  wireLength: number,
  where: Where,
): IpPacket | undefined {
  const payloadBytes = frame.readUInt16BE(from + 4);
  const wholeEnd = payloadBytes > 0 ? from + 40 + payloadBytes : wireLength;
  let nextAt = from + 6;
  let next = frame[nextAt]!;
  let at = from + 40;
  for (let count = 0; next !== TCP; count++) {
    const isKnown = EXTENSIONS.has(next) || next === FRAGMENT || next === AUTHENTICATION;
    if (!isKnown) return otherThanTcp(frame, nextAt, at, where);
    if (count > MAX_EXTENSIONS || at + 8 > frame.length) return undefined;
    const units = frame[at + 1]!;
    if (next === FRAGMENT) {
      const fragment = frame.readUInt16BE(at + 2);
      const isWhole = (fragment & 0xfff9) === 0;
      if (!isWhole && !isFirstFragment(fragment >> 3, where)) return undefined;
    }
    const length =
      next === FRAGMENT ? 8 : next === AUTHENTICATION ? (units + 2) * 4 : (units + 1) * 8;
    nextAt = at;
    next = frame[at]!;
    at += length;
  }
  if (at > wholeEnd) return malformed(where);
  const { start, end, cutBytes } = extent(frame, at, wholeEnd, wireLength);
  return {
    source: ipv6Text(frame.subarray(from + 8, from + 24)),
    target: ipv6Text(frame.subarray(from + 24, from + 40)),
    frame,
    start,
    end,
    cutBytes,
  };
}

/** Behind the packet a frame may have padding; a packet that says more than the frame had is believed as far as that goes. */
function extent(
  frame: Buffer,
  start: number,
  wholeEnd: number,
  wireLength: number,
): Pick<IpPacket, 'start' | 'end' | 'cutBytes'> {
  const wireEnd = Math.min(wholeEnd, wireLength);
  const end = Math.max(Math.min(wireEnd, frame.length), start);
  return { start, end, cutBytes: Math.max(0, wireEnd - end) };
}

/** Packets that hold packets, by their IP protocol; and by their UDP port. */
const TUNNELS: Readonly<Record<number, string>> = {
  4: 'IPv4 in IP',
  41: 'IPv6 in IP',
  47: 'GRE',
  50: 'IPsec',
  51: 'IPsec',
  115: 'L2TP',
  137: 'MPLS in IP',
};
const UDP = 17;
const UDP_TUNNELS: Readonly<Record<number, string>> = {
  1701: 'L2TP',
  4500: 'IPsec',
  4789: 'VXLAN',
  6081: 'Geneve',
  51_820: 'WireGuard',
};

/** Passed over. What may hide the traffic that is sought is told. */
function otherThanTcp(
  frame: Buffer,
  protocolAt: number,
  start: number,
  { problems, offset }: Where,
): undefined {
  const protocol = frame[protocolAt]!;
  const port = protocol === UDP && start + 4 <= frame.length ? frame.readUInt16BE(start + 2) : -1;
  const tunnel = TUNNELS[protocol] ?? UDP_TUNNELS[port];
  if (tunnel !== undefined)
    problems.add(
      `tunnel-${tunnel}`,
      offset,
      `a packet of a tunnel (${tunnel}): what is inside is not read; capture on the interface of the tunnel`,
    );
}

/** Fragments are not put together again: the first has the ports, and what the others had is missing. */
function isFirstFragment(fragmentOffset: number, { problems, offset }: Where): boolean {
  problems.add(
    'fragment',
    offset,
    'an IP fragment: fragments are not put together, the bytes behind the first are missing',
  );
  return fragmentOffset === 0;
}

function malformed({ problems, offset }: Where): undefined {
  problems.add('malformed', offset, 'a packet whose IP lengths contradict each other: not used');
}
