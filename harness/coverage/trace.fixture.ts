import type { Dialect, SessionDecoder } from '../../emulators/emulator.ts';
import { parseDuration } from '../clock/duration.ts';
import type { FieldValue, TraceEvent } from '../trace/event.ts';

const SERVER_SIDE = /^(?:alpha|bravo)/;

/** Events out of lines such as `4h alpha.share upload-accept #2 status=201 text=…`; `#2` is the connection, of client ws1. */
export function traceOf(text: string): readonly TraceEvent[] {
  const lines = text.split('\n').map((line) => line.trim());
  return lines.filter((line) => line !== '').map(eventOf);
}

function eventOf(line: string): TraceEvent {
  const [at = '', who = '', event = '', ...rest] = line.split(/ +/);
  const [actor = '', face] = who.split('.');
  const conn = rest.find((word) => word.startsWith('#'))?.slice(1);
  const { text, ...fields } = Object.fromEntries(
    rest.filter((word) => !word.startsWith('#')).map((word) => readField(word)),
  );
  return {
    at: parseDuration(at)!,
    actor,
    ...(face !== undefined && { face }),
    event,
    ...(SERVER_SIDE.test(actor) && face !== undefined && event !== 'down' && { from: 'ws1' }),
    ...(conn !== undefined && { conn: Number(conn) }),
    fields,
    ...(text !== undefined && { bytes: Buffer.from(String(text)).toString('base64') }),
  };
}

function readField(word: string): [string, FieldValue] {
  const [name = '', value = ''] = word.split('=');
  if (value === 'true') return [name, true];
  return [name, value !== '' && !Number.isNaN(Number(value)) ? Number(value) : value];
}

/** Bytes `ask:WORD` ask, `whole` answers, `part` begins to; any others of the client await nothing. */
class TextDecoder implements SessionDecoder {
  readonly identity = undefined;
  readonly opaque = undefined;
  #awaited: string | undefined;

  client(bytes: Uint8Array): readonly [] {
    const [verb, word] = Buffer.from(bytes).toString().split(':');
    this.#awaited = verb === 'ask' ? word : undefined;
    return [];
  }

  server(bytes: Uint8Array): readonly [] {
    if (Buffer.from(bytes).toString() === 'whole') this.#awaited = undefined;
    return [];
  }

  awaited(): string | undefined {
    return this.#awaited;
  }

  gap(): void {}

  end(): readonly [] {
    return [];
  }
}

const PIPE = ['hello', 'lease-request', 'lease-renew', 'callback-request'];

/** Two faces, a few requests, no emulator, and no decoder. */
export const UNDECODED: Dialect = {
  name: 'made-up',
  faces: [
    {
      name: 'pipe',
      transport: 'tcp',
      port: 7230,
      answerFaults: { deny: [], busy: [] },
      asks: Object.fromEntries(
        PIPE.map((word) => [word, word === 'hello' ? [] : ['deny', 'busy']]),
      ),
    },
    {
      name: 'share',
      transport: 'http',
      port: 7280,
      answerFaults: { '503': [], nack: [] },
      asks: { 'upload-offer': ['503', 'nack'], configuration: ['503'] },
    },
  ],
  commands: ['restart', 'seats'],
  create: () => {
    throw new Error('nothing is played');
  },
};

/** The same with a decoder. */
export const DIALECT: Dialect = { ...UNDECODED, decoders: () => () => new TextDecoder() };
