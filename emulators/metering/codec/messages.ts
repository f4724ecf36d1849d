// The one table of the pipe messages: the parser, the encoder, the types and the tables of docs/wire-protocol.md are
// made from it. Type codes below 0x80 come from the client, the others from the server.

/** Version byte of every frame. */
export const PROTOCOL_VERSION = 1;
/** Version, type and request id: what the length field counts besides the payload. */
export const HEADER_BYTES = 6;
/** Largest value of the length field, bytes, by sender. */
export const MAX_LENGTH = { client: 64 * 1024, server: 1024 * 1024 } as const;

export type Sender = 'client' | 'server';

interface Described {
  readonly name: string;
  /** One sentence without its full stop, for documents and dissectors. */
  readonly about: string;
}

export type Field = Described &
  (
    | { readonly kind: 'u32' }
    /** Milliseconds and other counts up to 2^53 - 1; a larger value is a protocol error. */
    | { readonly kind: 'u64' }
    /** u8, one of the listed values. */
    | { readonly kind: 'choice'; readonly values: Readonly<Record<string, number>> }
    /** u16 length in bytes, then UTF-8. */
    | { readonly kind: 'string'; readonly minBytes: number; readonly maxBytes: number }
    /** u32 length in bytes, then UTF-8. */
    | { readonly kind: 'text'; readonly maxBytes: number }
    /** u16 count, then that many strings. */
    | {
        readonly kind: 'list';
        readonly maxCount: number;
        readonly minBytes: number;
        readonly maxBytes: number;
      }
  );

export interface MessageDescription {
  readonly code: number;
  readonly from: Sender;
  readonly about: string;
  /** Types that answer it, where it is a request. */
  readonly answers?: readonly string[];
  readonly fields: readonly Field[];
}

const NAME = { kind: 'string', minBytes: 1, maxBytes: 256 } as const;
const OPTIONAL_NAME = { kind: 'string', minBytes: 0, maxBytes: 256 } as const;
/** Version strings of several kilobytes were seen in the field (Q279788). */
const PROGRAM_VERSION = { kind: 'string', minBytes: 0, maxBytes: 16_384 } as const;
const REASON = { kind: 'string', minBytes: 0, maxBytes: 1024 } as const;
const LEASE = { kind: 'string', minBytes: 1, maxBytes: 64 } as const;
const LEASES = { kind: 'list', maxCount: 512, minBytes: 1, maxBytes: 64 } as const;

export const MESSAGES = {
  hello: {
    code: 0x01,
    from: 'client',
    about: 'introduces the client; the first message on every connection',
    answers: ['welcome', 'login-refused'],
    fields: [
      { name: 'client', ...NAME, about: 'who holds the licences; the same over restarts' },
      { name: 'user', ...OPTIONAL_NAME, about: 'account that is logged on' },
      { name: 'workstation', ...OPTIONAL_NAME, about: 'name of the computer' },
      { name: 'build', ...OPTIONAL_NAME, about: 'name and version of the client software' },
      {
        name: 'mode',
        kind: 'choice',
        values: { online: 1, offline: 2 },
        about: 'whether the client asks before programs run, or only keeps usage',
      },
    ],
  },
  'request-use': {
    code: 0x02,
    from: 'client',
    about: 'asks for a licence to run a program',
    answers: ['granted', 'denied', 'busy'],
    fields: [
      { name: 'program', ...NAME, about: 'file name of the program as it was started' },
      {
        name: 'originalName',
        ...OPTIONAL_NAME,
        about: 'original file name from the version information of the program',
      },
      { name: 'version', ...PROGRAM_VERSION, about: 'version of the program' },
    ],
  },
  'live-status': {
    code: 0x03,
    from: 'client',
    about: 'says that the client still runs, and which licences it holds from this server',
    answers: ['live-ack', 'busy'],
    fields: [{ name: 'leases', ...LEASES, about: 'the leases that the client holds' }],
  },
  release: {
    code: 0x04,
    from: 'client',
    about: 'gives a licence back',
    answers: ['released', 'busy'],
    fields: [{ name: 'lease', ...LEASE, about: 'the lease from the grant' }],
  },
  'get-configuration': {
    code: 0x05,
    from: 'client',
    about: 'asks for the configuration',
    answers: ['configuration', 'configuration-part', 'busy'],
    fields: [],
  },
  bye: {
    code: 0x06,
    from: 'client',
    about: 'takes leave; not answered, the server ends the connection; leases stay',
    fields: [],
  },
  'check-out': {
    code: 0x07,
    from: 'client',
    about: 'asks for a licence that may be used away from the network for a time',
    answers: ['checked-out', 'denied', 'busy'],
    fields: [
      { name: 'program', ...NAME, about: 'file name of the program' },
      {
        name: 'originalName',
        ...OPTIONAL_NAME,
        about: 'original file name from the version information of the program',
      },
      { name: 'version', ...PROGRAM_VERSION, about: 'version of the program' },
      { name: 'durationMs', kind: 'u64', about: 'for how long, milliseconds' },
    ],
  },
  'check-in': {
    code: 0x08,
    from: 'client',
    about: 'gives a checked-out licence back before its time is over',
    answers: ['checked-in', 'busy'],
    fields: [{ name: 'lease', ...LEASE, about: 'the lease that was checked out' }],
  },
  'request-callback': {
    code: 0x09,
    from: 'client',
    about: 'asks to be told when a licence becomes free',
    answers: ['callback-registered', 'denied', 'busy'],
    fields: [
      { name: 'program', ...NAME, about: 'file name of the program as it was started' },
      {
        name: 'originalName',
        ...OPTIONAL_NAME,
        about: 'original file name from the version information of the program',
      },
      { name: 'version', ...PROGRAM_VERSION, about: 'version of the program' },
    ],
  },
  welcome: {
    code: 0x81,
    from: 'server',
    about: 'accepts the client',
    fields: [
      { name: 'serverTimeMs', kind: 'u64', about: 'clock of the server, milliseconds since 1970' },
      {
        name: 'configurationVersion',
        kind: 'u32',
        about: 'version of the configuration that the server hands out',
      },
    ],
  },
  'login-refused': {
    code: 0x82,
    from: 'server',
    about: 'refuses the account; the server then ends the connection',
    fields: [{ name: 'reason', ...REASON, about: 'why, for a person to read' }],
  },
  granted: {
    code: 0x83,
    from: 'server',
    about: 'grants the licence',
    fields: [{ name: 'lease', ...LEASE, about: 'names the grant on this server' }],
  },
  denied: {
    code: 0x84,
    from: 'server',
    about: 'denies the licence; a definite answer, not an outage',
    fields: [
      {
        name: 'why',
        kind: 'choice',
        values: { 'no-seat': 1, forbidden: 2, 'no-permission': 3 },
        about: 'all seats taken, program forbidden to all, or client without permission',
      },
    ],
  },
  busy: {
    code: 0x85,
    from: 'server',
    about: 'the server cannot answer the request now',
    fields: [{ name: 'retryAfterMs', kind: 'u32', about: 'ask again no sooner, milliseconds' }],
  },
  'live-ack': {
    code: 0x86,
    from: 'server',
    about: 'answers live-status',
    fields: [
      {
        name: 'leases',
        ...LEASES,
        about: 'those of the named leases that the server still knows as this client\u2019s',
      },
    ],
  },
  released: {
    code: 0x87,
    from: 'server',
    about: 'the lease is no longer held, whether or not it was before',
    fields: [{ name: 'lease', ...LEASE, about: 'the lease from the request' }],
  },
  configuration: {
    code: 0x88,
    from: 'server',
    about: 'answers get-configuration',
    fields: [
      { name: 'version', kind: 'u32', about: 'version of this configuration' },
      { name: 'text', kind: 'text', maxBytes: 1_000_000, about: 'the text of LICMTR.CFG' },
    ],
  },
  'checked-out': {
    code: 0x89,
    from: 'server',
    about: 'grants the licence for a time; after it the licence is checked in by itself',
    fields: [
      { name: 'lease', ...LEASE, about: 'names the grant on this server' },
      {
        name: 'durationMs',
        kind: 'u64',
        about: 'for how long from now on, milliseconds; perhaps less than was asked for',
      },
    ],
  },
  'checked-in': {
    code: 0x8a,
    from: 'server',
    about: 'the lease is no longer held, whether or not it was before',
    fields: [{ name: 'lease', ...LEASE, about: 'the lease from the request' }],
  },
  'callback-registered': {
    code: 0x8b,
    from: 'server',
    about: 'the client is on the list of those that wait',
    fields: [
      { name: 'durationMs', kind: 'u64', about: 'for how long it stays there, milliseconds' },
    ],
  },
  callback: {
    code: 0x8c,
    from: 'server',
    about: 'a licence is free and kept for the client; belongs to no request, its request id is 0',
    fields: [
      { name: 'program', ...NAME, about: 'the program from the request for a callback' },
      { name: 'graceMs', kind: 'u64', about: 'for how long the licence is kept, milliseconds' },
    ],
  },
  'configuration-part': {
    code: 0x8d,
    from: 'server',
    about:
      'answers get-configuration where the text is too long for one message: as many as `parts` says, in order',
    fields: [
      { name: 'version', kind: 'u32', about: 'version of this configuration' },
      { name: 'part', kind: 'u32', about: 'number of this part, from 1' },
      { name: 'parts', kind: 'u32', about: 'how many there are' },
      {
        name: 'text',
        kind: 'text',
        maxBytes: 262_144,
        about: 'the part of the text of LICMTR.CFG',
      },
    ],
  },
  'protocol-error': {
    code: 0xff,
    from: 'server',
    about: 'the client broke the protocol; the server then ends the connection',
    fields: [{ name: 'reason', ...REASON, about: 'a word of the list below, a colon, details' }],
  },
} as const satisfies Readonly<Record<string, MessageDescription>>;

type Table = typeof MESSAGES;
export type MessageType = keyof Table;

type ValueOf<F> = F extends { kind: 'choice'; values: infer Values }
  ? keyof Values
  : F extends { kind: 'list' }
    ? readonly string[]
    : F extends { kind: 'string' | 'text' }
      ? string
      : number;

type FieldsOf<T extends MessageType> = {
  readonly [F in Table[T]['fields'][number] as F['name']]: ValueOf<F>;
};

/** One message: `type` and the fields of its row; u64 and u32 as numbers, choices by their names. */
export type MessageOf<T extends MessageType> = { readonly type: T } & FieldsOf<T>;
export type Message = { [T in MessageType]: MessageOf<T> }[MessageType];
export type ClientMessage = {
  [T in MessageType]: Table[T]['from'] extends 'client' ? MessageOf<T> : never;
}[MessageType];
export type ServerMessage = Exclude<Message, ClientMessage>;

/** Rows of the table by type code. */
export const BY_CODE: ReadonlyMap<number, { type: MessageType; description: MessageDescription }> =
  new Map(
    Object.entries(MESSAGES).map(([type, description]) => [
      description.code,
      { type: type as MessageType, description },
    ]),
  );
