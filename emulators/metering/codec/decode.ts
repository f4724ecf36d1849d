// One payload to one message. binary-parser follows any length and count that it is told, is silent about what is cut
// off or left over, and returns views: so every length and count is checked against the table first, and every string
// is copied out.
import { isUtf8 } from 'node:buffer';
import { createRequire } from 'node:module';
import {
  MESSAGES,
  type Field,
  type Message,
  type MessageDescription,
  type MessageType,
} from './messages.ts';
import { ProtocolError } from './protocol-error.ts';

// CommonJS: an `import` would have its text searched for exports first, a fifth of the start of a client.
const { Parser } = createRequire(import.meta.url)(
  'binary-parser/dist/binary_parser.js',
) as typeof import('binary-parser/dist/binary_parser.js');
type Parser = InstanceType<typeof Parser>;

type Values = Readonly<Record<string, unknown>>;

const PARSERS: ReadonlyMap<MessageType, Parser> = new Map(
  Object.entries(MESSAGES).map(([type, description]) => [
    type as MessageType,
    payloadParser(description),
  ]),
);

/** Reads the payload of a message of that type; throws a ProtocolError for anything that the table does not allow. */
export function decodePayload(type: MessageType, payload: Buffer): Message {
  const description: MessageDescription = MESSAGES[type];
  let offset = 0;
  for (const field of description.fields) offset = checkField(field, payload, offset);
  if (offset !== payload.length)
    throw new ProtocolError(
      'trailing-bytes',
      `${type} ends after ${offset} of ${payload.length} payload bytes`,
    );
  const parsed = PARSERS.get(type)!.parse(payload) as Values;
  const message: Record<string, unknown> = { type };
  for (const { name } of description.fields) message[name] = parsed[name];
  return message as unknown as Message;
}

/** Returns the offset behind the field, having proved that it lies within the payload and its bounds. */
function checkField(field: Field, payload: Buffer, offset: number): number {
  switch (field.kind) {
    case 'u32':
      return room(field, payload, offset, 4);
    case 'u64': {
      const end = room(field, payload, offset, 8);
      if (payload.readBigUInt64BE(offset) > Number.MAX_SAFE_INTEGER)
        throw new ProtocolError('bad-value', `${field.name} is more than 2^53 - 1`);
      return end;
    }
    case 'choice': {
      const end = room(field, payload, offset, 1);
      const value = payload.readUInt8(offset);
      if (!Object.values(field.values).includes(value))
        throw new ProtocolError('bad-value', `${field.name} has no choice ${value}`);
      return end;
    }
    case 'string':
      return checkString(field, field.minBytes, payload, offset, 2);
    case 'text':
      return checkString(field, 0, payload, offset, 4);
    case 'list': {
      let end = room(field, payload, offset, 2);
      const count = payload.readUInt16BE(offset);
      if (count > field.maxCount)
        throw new ProtocolError(
          'bad-count',
          `${field.name}: ${count} is more than ${field.maxCount}`,
        );
      for (let item = 0; item < count; item++)
        end = checkString(field, field.minBytes, payload, end, 2);
      return end;
    }
  }
}

function checkString(
  field: { readonly name: string; readonly maxBytes: number },
  minBytes: number,
  payload: Buffer,
  offset: number,
  lengthBytes: 2 | 4,
): number {
  const start = room(field, payload, offset, lengthBytes);
  const length = payload.readUIntBE(offset, lengthBytes);
  if (length < minBytes || length > field.maxBytes)
    throw new ProtocolError(
      'bad-string',
      `${field.name} takes ${length} bytes, not ${minBytes} to ${field.maxBytes}`,
    );
  const end = room(field, payload, start, length);
  if (!isUtf8(payload.subarray(start, end)))
    throw new ProtocolError('bad-utf8', `${field.name} is not UTF-8`);
  return end;
}

function room(
  field: { readonly name: string },
  payload: Buffer,
  offset: number,
  bytes: number,
): number {
  if (offset + bytes > payload.length)
    throw new ProtocolError(
      'truncated',
      `${field.name} needs ${bytes} bytes, ${payload.length - offset} are left`,
    );
  return offset + bytes;
}

function payloadParser(description: MessageDescription): Parser {
  let parser = new Parser().endianness('big');
  for (const field of description.fields) parser = addField(parser, field);
  return parser;
}

function addField(parser: Parser, field: Field): Parser {
  const { name } = field;
  switch (field.kind) {
    case 'u32':
      return parser.uint32(name);
    case 'u64':
      return parser.uint64(name, { formatter: Number });
    case 'choice': {
      const names = new Map(Object.entries(field.values).map(([choice, code]) => [code, choice]));
      return parser.uint8(name, { formatter: (code: number) => names.get(code) });
    }
    case 'string':
      return parser
        .uint16(`${name}Length`)
        .buffer(name, { length: `${name}Length`, formatter: copyText });
    case 'text':
      return parser
        .uint32(`${name}Length`)
        .buffer(name, { length: `${name}Length`, formatter: copyText });
    case 'list':
      return parser.uint16(`${name}Count`).array(name, {
        length: `${name}Count`,
        type: new Parser()
          .endianness('big')
          .uint16('length')
          .buffer('text', { length: 'length', formatter: copyText }),
        formatter: (items: readonly { text: string }[]) => items.map(({ text }) => text),
      });
  }
}

function copyText(view: Buffer): string {
  return view.toString('utf8');
}
