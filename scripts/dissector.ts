// Writes the Wireshark dissector from the table of the pipe messages: npx tsx scripts/dissector.ts
import { readFileSync, writeFileSync } from 'node:fs';
import {
  MAX_LENGTH,
  MESSAGES,
  PROTOCOL_VERSION,
  type Field,
  type MessageDescription,
} from '../emulators/metering/codec/index.ts';
import { metering } from '../emulators/metering/index.ts';

export const DISSECTOR_FILE = 'docs/dissector/meterproof.lua';
const RUNTIME = new URL('dissector.lua', import.meta.url);

/** The text of the dissector: the table of messages as Lua, then what reads it. */
export function dissectorText(): string {
  const messages = Object.entries<MessageDescription>(MESSAGES);
  const port = (face: string): number => metering.faces.find(({ name }) => name === face)!.port;
  return [
    '-- Wireshark dissector of the metering protocol (wire-protocol.md). Made from the table of messages: do not edit.',
    '-- wireshark -X lua_script:meterproof.lua, or put it into the folder of personal Lua plugins.',
    `local PROTOCOL_VERSION = ${PROTOCOL_VERSION}`,
    `local MAX_LENGTH = { client = ${MAX_LENGTH.client}, server = ${MAX_LENGTH.server} }`,
    `local PIPE_PORT, SHARE_PORT = ${port('pipe')}, ${port('share')}`,
    'local TYPE_NAMES = {',
    ...messages.map(([type, { code }]) => `  [${hex(code)}] = ${quoted(type)},`),
    '}',
    'local MESSAGES = {',
    ...messages.flatMap(([type, message]) => messageLines(type, message)),
    '}',
    '',
    readFileSync(RUNTIME, 'utf8'),
  ].join('\n');
}

function messageLines(type: string, { code, from, about, fields }: MessageDescription): string[] {
  return [
    `  -- from the ${from}: ${about}`,
    `  [${hex(code)}] = { name = ${quoted(type)}, fields = {`,
    ...fields.map((field) => `    { ${fieldMembers(type, field).join(', ')} },`),
    '  } },',
  ];
}

function fieldMembers(type: string, field: Field): string[] {
  const { name, kind } = field;
  const members = [
    `name = ${quoted(name)}`,
    `kind = ${quoted(kind)}`,
    `filter = ${quoted(`meterproof.${snake(type)}.${snake(name)}`)}`,
  ];
  switch (field.kind) {
    case 'choice': {
      const names = Object.entries(field.values).map(
        ([word, value]) => `[${value}] = ${quoted(word)}`,
      );
      return [...members, `names = { ${names.join(', ')} }`];
    }
    case 'string':
      return [...members, `min = ${field.minBytes}`, `max = ${field.maxBytes}`];
    case 'text':
      return [...members, 'min = 0', `max = ${field.maxBytes}`];
    case 'list':
      return [
        ...members,
        `max_count = ${field.maxCount}`,
        `min = ${field.minBytes}`,
        `max = ${field.maxBytes}`,
      ];
    default:
      return members;
  }
}

/** As display filters are written: `meterproof.request_use.original_name`. */
function snake(name: string): string {
  return name.replaceAll('-', '_').replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

function hex(code: number): string {
  return `0x${code.toString(16).padStart(2, '0')}`;
}

function quoted(text: string): string {
  return `"${text}"`;
}

if (process.argv[1] === import.meta.filename) writeFileSync(DISSECTOR_FILE, dissectorText());
