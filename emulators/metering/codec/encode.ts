import {
  HEADER_BYTES,
  MAX_LENGTH,
  MESSAGES,
  PROTOCOL_VERSION,
  type Field,
  type Message,
  type MessageDescription,
} from './messages.ts';

const LONE_SURROGATE = /\p{Surrogate}/u;
const MAX_U32 = 0xffff_ffff;

/**
 * One whole frame. Request ids are 0 to 2^32 - 1; a client's are at least 1.
 * Throws a RangeError that names the field for a value that the table does not allow.
 */
export function encode(message: Message, requestId: number): Buffer {
  const description: MessageDescription = MESSAGES[message.type];
  const lowestId = description.from === 'client' ? 1 : 0;
  if (!Number.isInteger(requestId) || requestId < lowestId || requestId > MAX_U32)
    throw new RangeError(`request id ${requestId} is not within ${lowestId} to ${MAX_U32}`);

  const header = Buffer.alloc(4 + HEADER_BYTES);
  const parts = [header];
  const values = message as unknown as Readonly<Record<string, unknown>>;
  for (const field of description.fields) encodeField(field, values[field.name], parts);
  const frame = Buffer.concat(parts);
  const length = frame.length - 4;
  if (length > MAX_LENGTH[description.from])
    throw new RangeError(`${message.type} takes ${length} bytes, more than a frame may have`);
  frame.writeUInt32BE(length, 0);
  frame.writeUInt8(PROTOCOL_VERSION, 4);
  frame.writeUInt8(description.code, 5);
  frame.writeUInt32BE(requestId, 6);
  return frame;
}

function encodeField(field: Field, value: unknown, parts: Buffer[]): void {
  switch (field.kind) {
    case 'u32':
      parts.push(unsigned(4, wholeNumber(field, value, MAX_U32)));
      return;
    case 'u64':
      parts.push(unsigned(8, wholeNumber(field, value, Number.MAX_SAFE_INTEGER)));
      return;
    case 'choice': {
      const known = typeof value === 'string' && Object.hasOwn(field.values, value);
      const code = known ? field.values[value] : undefined;
      if (code === undefined) throw new RangeError(`${field.name}: ${String(value)} is no choice`);
      parts.push(unsigned(1, code));
      return;
    }
    case 'string':
      encodeString(field, value, field.minBytes, 2, parts);
      return;
    case 'text':
      encodeString(field, value, 0, 4, parts);
      return;
    case 'list': {
      if (!Array.isArray(value) || value.length > field.maxCount)
        throw new RangeError(`${field.name} is not a list of at most ${field.maxCount}`);
      parts.push(unsigned(2, value.length));
      for (const item of value) encodeString(field, item, field.minBytes, 2, parts);
    }
  }
}

function encodeString(
  field: { readonly name: string; readonly maxBytes: number },
  value: unknown,
  minBytes: number,
  lengthBytes: 2 | 4,
  parts: Buffer[],
): void {
  if (typeof value !== 'string' || LONE_SURROGATE.test(value))
    throw new RangeError(`${field.name} is not well-formed text`);
  const bytes = Buffer.from(value, 'utf8');
  if (bytes.length < minBytes || bytes.length > field.maxBytes)
    throw new RangeError(
      `${field.name} takes ${bytes.length} bytes, not ${minBytes} to ${field.maxBytes}`,
    );
  parts.push(unsigned(lengthBytes, bytes.length), bytes);
}

function wholeNumber(field: Field, value: unknown, max: number): number {
  if (typeof value !== 'number' || !Number.isInteger(value) || value < 0 || value > max)
    throw new RangeError(`${field.name}: ${String(value)} is not within 0 to ${max}`);
  return value;
}

function unsigned(bytes: 1 | 2 | 4 | 8, value: number): Buffer {
  const buffer = Buffer.alloc(bytes);
  if (bytes === 8) buffer.writeBigUInt64BE(BigInt(value));
  else buffer.writeUIntBE(value, 0, bytes);
  return buffer;
}
