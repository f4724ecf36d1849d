// One TCP segment (RFC 9293 §3.1).
import type { IpPacket } from './ip.ts';

export interface Segment {
  readonly source: string;
  readonly target: string;
  readonly sourcePort: number;
  readonly targetPort: number;
  readonly sequence: number;
  readonly acknowledgement: number;
  readonly isSyn: boolean;
  readonly isAck: boolean;
  readonly isFin: boolean;
  readonly isRst: boolean;
  /** A view. */
  readonly payload: Buffer;
  /** Bytes behind `payload` that were sent and are not in the capture. */
  readonly cutBytes: number;
}

const FIN = 0x01;
const SYN = 0x02;
const RST = 0x04;
const ACK = 0x10;
/** Up to the flags: what is needed of a segment that the snap length has cut. */
const LEAST_BYTES = 14;

/** Undefined for what is no segment, or cut before its flags. */
export function readSegment(packet: IpPacket): Segment | undefined {
  const { source, target, frame, start, end, cutBytes } = packet;
  if (end - start < LEAST_BYTES || end > frame.length) return undefined;
  const headerBytes = (frame[start + 12]! >> 4) * 4;
  const length = end - start + cutBytes;
  if (headerBytes < 20 || headerBytes > length) return undefined;
  const flags = frame[start + 13]!;
  const dataStart = Math.min(start + headerBytes, end);
  return {
    source,
    target,
    sourcePort: frame.readUInt16BE(start),
    targetPort: frame.readUInt16BE(start + 2),
    sequence: frame.readUInt32BE(start + 4),
    acknowledgement: frame.readUInt32BE(start + 8),
    isSyn: (flags & SYN) !== 0,
    isAck: (flags & ACK) !== 0,
    isFin: (flags & FIN) !== 0,
    isRst: (flags & RST) !== 0,
    payload: dataStart < end ? frame.subarray(dataStart, end) : NOTHING,
    cutBytes: length - headerBytes - (end - dataStart),
  };
}

const NOTHING = Buffer.alloc(0);
