// What docs/wire-protocol.md must say of one message: made from the table, compared by document.test.ts.
import {
  encode,
  MESSAGES,
  type Field,
  type Message,
  type MessageDescription,
} from './codec/index.ts';

export interface Example {
  readonly requestId: number;
  readonly message: Message;
}

const BYTES_A_LINE = 16;

/** Heading, table, annotated bytes of the example, and the example as JSON. */
export function messageSection({ requestId, message }: Example): string {
  const description: MessageDescription = MESSAGES[message.type];
  const { code, from, about, answers, fields } = description;
  const answered = answers ? ` Answered by ${answers.map(quote).join(', ')}.` : '';
  const table = fields.map(
    (field) => `| ${quote(field.name)} | ${wireForm(field)} | ${field.about} |`,
  );
  return [
    `### ${quote(message.type)} 0x${code.toString(16).padStart(2, '0')}, from the ${from}`,
    `${about[0]!.toUpperCase()}${about.slice(1)}.${answered}`,
    '',
    ...(table.length > 0
      ? ['| field | bytes | meaning |', '|---|---|---|', ...table]
      : ['No payload.']),
    '',
    '```hex',
    ...annotatedBytes({ requestId, message }, fields),
    '```',
    '```json',
    JSON.stringify({ requestId, message }),
    '```',
    '',
  ].join('\n');
}

function quote(text: string): string {
  return `\`${text}\``;
}

function wireForm(field: Field): string {
  switch (field.kind) {
    case 'u32':
      return 'u32';
    case 'u64':
      return 'u64, at most 2^53 - 1';
    case 'choice': {
      const choices = Object.entries(field.values).map(([name, value]) => `${value} ${name}`);
      return `u8: ${choices.join(', ')}`;
    }
    case 'string':
      return `string, ${field.minBytes} to ${field.maxBytes}`;
    case 'text':
      return `text, 0 to ${field.maxBytes}`;
    case 'list':
      return `list of at most ${field.maxCount} strings, each ${field.minBytes} to ${field.maxBytes}`;
  }
}

function annotatedBytes({ requestId, message }: Example, fields: readonly Field[]): string[] {
  const frame = encode(message, requestId);
  let offset = 0;
  const take = (bytes: number, note: string): string[] => {
    const part = frame.subarray(offset, offset + bytes);
    offset += bytes;
    return hexLines(part, note);
  };
  const string = (lengthBytes: number, note: string): string[] => {
    const length = frame.readUIntBE(offset, lengthBytes);
    return [...take(lengthBytes, `${note}: ${length} bytes`), ...take(length, '')];
  };
  const lines = [
    ...take(4, `length: ${frame.length - 4}`),
    ...take(1, 'version'),
    ...take(1, `type: ${message.type}`),
    ...take(4, `request id: ${requestId}`),
  ];
  for (const field of fields)
    switch (field.kind) {
      case 'u32':
        lines.push(...take(4, `${field.name}: ${frame.readUInt32BE(offset)}`));
        break;
      case 'u64':
        lines.push(...take(8, `${field.name}: ${frame.readBigUInt64BE(offset)}`));
        break;
      case 'choice': {
        const value = frame.readUInt8(offset);
        const name = Object.entries(field.values).find(([, code]) => code === value)?.[0];
        lines.push(...take(1, `${field.name}: ${name}`));
        break;
      }
      case 'string':
        lines.push(...string(2, field.name));
        break;
      case 'text':
        lines.push(...string(4, field.name));
        break;
      case 'list': {
        const count = frame.readUInt16BE(offset);
        lines.push(...take(2, `${field.name}: ${count} of them`));
        for (let item = 1; item <= count; item++) lines.push(...string(2, String(item)));
      }
    }
  return lines;
}

/** Sixteen bytes a line; a note stands behind the first, text behind those without a note. */
function hexLines(bytes: Buffer, note: string): string[] {
  const lines: string[] = [];
  for (let offset = 0; offset < bytes.length; offset += BYTES_A_LINE) {
    const part = bytes.subarray(offset, offset + BYTES_A_LINE);
    const hex = part.toString('hex').match(/../g)?.join(' ') ?? '';
    const said = note === '' ? JSON.stringify(part.toString('latin1')) : note;
    lines.push(`${hex.padEnd(BYTES_A_LINE * 3)}; ${said}`);
  }
  return lines;
}
