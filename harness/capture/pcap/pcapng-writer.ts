// pcapng blocks, little-endian, with times in nanoseconds (draft-ietf-opsawg-pcapng).
import { BLOCK, BYTE_ORDER_MAGIC } from './pcapng-format.ts';

export interface Option {
  readonly code: number;
  readonly value: Buffer;
}

const OPTION = { end: 0, comment: 1, application: 4, interfaceName: 2, resolution: 9 } as const;
const NANOSECONDS = Buffer.of(9);
const NAME_IPV4 = 1;

/** The beginning of a file; `comment` is about all of it. */
export function sectionBlock(comment: string, application: string): Buffer {
  const body = Buffer.alloc(16);
  body.writeUInt32LE(BYTE_ORDER_MAGIC, 0);
  body.writeUInt16LE(1, 4);
  // The length of the section is not told.
  body.writeBigInt64LE(-1n, 8);
  return block(BLOCK.section, body, [
    { code: OPTION.comment, value: Buffer.from(comment) },
    { code: OPTION.application, value: Buffer.from(application) },
  ]);
}

export function interfaceBlock(link: number, name: string): Buffer {
  const body = Buffer.alloc(8);
  body.writeUInt16LE(link, 0);
  return block(BLOCK.interface, body, [
    { code: OPTION.interfaceName, value: Buffer.from(name) },
    { code: OPTION.resolution, value: NANOSECONDS },
  ]);
}

/** Names of IPv4 addresses. */
export function namesBlock(names: readonly (readonly [address: Buffer, name: string])[]): Buffer {
  const records = names.map(([address, name]) =>
    option({ code: NAME_IPV4, value: Buffer.concat([address, Buffer.from(`${name}\0`)]) }),
  );
  return block(BLOCK.names, Buffer.concat([...records, END]), []);
}

/** A packet of the first interface; `timeNs` since 1970. */
export function packetBlock(timeNs: bigint, packet: Buffer, comment?: string): Buffer {
  const head = Buffer.alloc(20);
  head.writeUInt32LE(Number((timeNs >> 32n) & 0xffff_ffffn), 4);
  head.writeUInt32LE(Number(timeNs & 0xffff_ffffn), 8);
  head.writeUInt32LE(packet.length, 12);
  head.writeUInt32LE(packet.length, 16);
  const options =
    comment === undefined ? [] : [{ code: OPTION.comment, value: Buffer.from(comment) }];
  return block(BLOCK.enhanced, Buffer.concat([head, padded(packet)]), options);
}

const END = Buffer.alloc(4);

function block(type: number, body: Buffer, options: readonly Option[]): Buffer {
  const tail = options.length > 0 ? [...options.map(option), END] : [];
  const length = 12 + body.length + tail.reduce((sum, part) => sum + part.length, 0);
  const head = Buffer.alloc(8);
  head.writeUInt32LE(type, 0);
  head.writeUInt32LE(length, 4);
  const end = Buffer.alloc(4);
  end.writeUInt32LE(length, 0);
  return Buffer.concat([head, body, ...tail, end]);
}

function option({ code, value }: Option): Buffer {
  const head = Buffer.alloc(4);
  head.writeUInt16LE(code, 0);
  head.writeUInt16LE(value.length, 2);
  return Buffer.concat([head, padded(value)]);
}

function padded(bytes: Buffer): Buffer {
  const missing = (4 - (bytes.length % 4)) % 4;
  return missing === 0 ? bytes : Buffer.concat([bytes, Buffer.alloc(missing)]);
}
