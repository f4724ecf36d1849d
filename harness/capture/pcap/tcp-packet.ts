// A TCP segment in an IPv4 packet, with checksums.

export interface Corner {
  /** Four bytes. */
  readonly address: Buffer;
  readonly port: number;
}

export interface SegmentToWrite {
  readonly from: Corner;
  readonly to: Corner;
  readonly sequence: number;
  readonly acknowledgement: number;
  readonly flags: number;
  readonly payload?: Buffer;
}

export const FLAG = { fin: 0x01, syn: 0x02, rst: 0x04, push: 0x08, ack: 0x10 } as const;
/** What one packet takes: the total length has 16 bits. */
export const MAX_PAYLOAD_BYTES = 65_535 - 40;
const IP_BYTES = 20;
const TCP_BYTES = 20;
const TCP = 6;
const DONT_FRAGMENT = 0x4000;

export function tcpPacket(segment: SegmentToWrite): Buffer {
  const { from, to, sequence, acknowledgement, flags, payload = Buffer.alloc(0) } = segment;
  const packet = Buffer.alloc(IP_BYTES + TCP_BYTES + payload.length);
  packet.writeUInt8(0x45, 0);
  packet.writeUInt16BE(packet.length, 2);
  packet.writeUInt16BE(DONT_FRAGMENT, 6);
  packet.writeUInt8(64, 8);
  packet.writeUInt8(TCP, 9);
  from.address.copy(packet, 12);
  to.address.copy(packet, 16);
  packet.writeUInt16BE(checksum(packet.subarray(0, IP_BYTES), 0), 10);

  const tcp = packet.subarray(IP_BYTES);
  tcp.writeUInt16BE(from.port, 0);
  tcp.writeUInt16BE(to.port, 2);
  tcp.writeUInt32BE(sequence >>> 0, 4);
  tcp.writeUInt32BE(flags & FLAG.ack ? acknowledgement >>> 0 : 0, 8);
  tcp.writeUInt8((TCP_BYTES / 4) << 4, 12);
  tcp.writeUInt8(flags, 13);
  tcp.writeUInt16BE(flags & FLAG.rst ? 0 : 65_535, 14);
  payload.copy(tcp, TCP_BYTES);
  // The pseudo header of RFC 9293 §3.1: addresses, protocol, length.
  const pseudo = sum(packet.subarray(12, 20), TCP + tcp.length);
  tcp.writeUInt16BE(checksum(tcp, pseudo), 16);
  return packet;
}

/** RFC 1071. */
function checksum(bytes: Buffer, start: number): number {
  let total = sum(bytes, start);
  while (total > 0xffff) total = (total & 0xffff) + Math.floor(total / 0x10000);
  return ~total & 0xffff;
}

function sum(bytes: Buffer, start: number): number {
  let total = start;
  for (let at = 0; at + 1 < bytes.length; at += 2) total += bytes.readUInt16BE(at);
  return bytes.length % 2 === 1 ? total + bytes.at(-1)! * 256 : total;
}
