import type { Note, SessionDecoder } from '../../emulator.ts';
import {
  FrameDecoder,
  MESSAGES,
  PROTOCOL_FAULTS,
  ProtocolError,
  type ClientMessage,
  type Decoded,
  type MessageDescription,
  type MessageOf,
  type Sender,
  type ServerMessage,
} from '../codec/index.ts';
import { cipherOf } from '../../http/cipher.ts';

/** Length, version, type and request id. */
const HEADER_LENGTH = 10;
/** Requests of one connection that may wait for their answers; a client that sends more is not followed. */
const MAX_WAITING = 1024;

/** Grants of a capture that are remembered, the latest. */
const MAX_LEASES = 65_536;

/** The words by which requests are noted; nothing answers `bye`. */
const REQUESTS: Readonly<Record<Exclude<ClientMessage['type'], 'bye'>, string>> & {
  readonly bye?: string;
} = {
  hello: 'hello',
  'request-use': 'lease-request',
  'live-status': 'lease-renew',
  release: 'lease-release',
  'check-out': 'lease-checkout',
  'check-in': 'lease-checkin',
  'request-callback': 'callback-request',
  'get-configuration': 'configuration',
};

/** Which program a lease is for, by server and lease, over all connections of a capture. */
export type KnownLeases = Map<
  string,
  { readonly client: string | undefined; readonly program: string }
>;

/** Understands one connection to the pipe face. */
export class PipeDecoder implements SessionDecoder {
  identity: string | undefined;
  opaque: string | undefined;
  readonly #name: string;
  readonly #leases: KnownLeases;
  readonly #sides: Record<Sender, Side>;
  readonly #waiting = new Map<number, ClientMessage>();
  #understood = false;
  #greeted = false;
  /** Once the client has broken the protocol the server answers nothing more. */
  #broken = false;

  /** `name`: of the server, under which its leases are known. */
  constructor(name: string, leases: KnownLeases) {
    this.#name = name;
    this.#leases = leases;
    this.#sides = { client: new Side('client'), server: new Side('server') };
  }

  client(bytes: Uint8Array): readonly Note[] {
    return this.#push('client', bytes, (decoded) => this.#asked(decoded as Decoded<ClientMessage>));
  }

  server(bytes: Uint8Array): readonly Note[] {
    return this.#push('server', bytes, (decoded) =>
      this.#answered(decoded as Decoded<ServerMessage>),
    );
  }

  gap(side: Sender): void {
    this.#sides[side].lose();
  }

  end(): readonly Note[] {
    const { client, server } = this.#sides;
    if (!this.#understood) this.opaque ??= client.foreign ?? server.foreign;
    return this.#cut();
  }

  awaited(): string | undefined {
    const [oldest] = this.#waiting.values();
    if (oldest) return REQUESTS[oldest.type];
    return this.#sides.client.pending ? 'request' : undefined;
  }

  #cut(): readonly Note[] {
    const { server } = this.#sides;
    if (!server.pending || this.opaque !== undefined) return [];
    server.lose();
    return [{ event: 'answer-lost', fields: { why: 'cut' } }];
  }

  #push(from: Sender, bytes: Uint8Array, use: (decoded: Decoded) => readonly Note[]): Note[] {
    if (this.opaque !== undefined) return [];
    const side = this.#sides[from];
    const { decoded, error } = side.push(bytes);
    if (decoded.length > 0) this.#understood = true;
    const notes = decoded.flatMap((one) => [...use(one)]);
    if (error && this.#understood)
      notes.push(...(from === 'client' ? this.#clientBroke(error.why) : [malformed(error.why)]));
    // Only the answer tells a client that breaks the protocol from one that speaks another.
    else if (error && from === 'server') this.opaque = this.#sides.client.foreign ?? side.foreign;
    else if (side.foreign === 'tls') this.opaque = side.foreign;
    return notes;
  }

  #clientBroke(why: string): readonly Note[] {
    if (this.#broken) return [];
    this.#broken = true;
    return [{ event: 'protocol-error', fields: { why } }];
  }

  #asked({ requestId, message }: Decoded<ClientMessage>): readonly Note[] {
    if (this.#broken) return [];
    if (this.#waiting.size >= MAX_WAITING) this.#waiting.clear();
    if (message.type !== 'bye') this.#waiting.set(requestId, message);
    // Without hello, or with a second, the server will answer with a protocol error.
    const isHello = message.type === 'hello';
    const isMisplaced = isHello ? this.#greeted : !this.#greeted && !this.#sides.client.everLost;
    if (isMisplaced) return [];
    if (isHello) this.#greeted = true;
    switch (message.type) {
      case 'hello':
        this.identity ??= message.client;
        return [{ event: 'hello', fields: { mode: message.mode } }];
      case 'request-use':
        return [{ event: 'lease-request', fields: { program: message.program } }];
      case 'bye':
        return [{ event: 'bye' }];
      default:
        return [];
    }
  }

  #answered({ requestId, message }: Decoded<ServerMessage>): readonly Note[] {
    const request = this.#waiting.get(requestId);
    if (!isAnswerTo(message, request) && !this.#sides.client.everLost)
      return [malformed('unexpected')];
    const isLast = message.type !== 'configuration-part' || message.part >= message.parts;
    if (isLast) this.#waiting.delete(requestId);
    switch (message.type) {
      case 'login-refused':
        return [{ event: 'login-refused' }];
      case 'granted':
        return this.#granted(message, programOf(request));
      case 'denied':
        return this.#denied(message, request);
      case 'checked-out':
        return this.#granted(message, programOf(request), 'lease-checkout');
      case 'checked-in': {
        const fields = { ...this.#released(message), by: 'client' };
        return [{ event: 'lease-checkin', fields }];
      }
      case 'callback-registered':
        return [{ event: 'callback-request', fields: programOf(request) }];
      case 'callback':
        return [
          {
            event: 'callback',
            fields: { program: message.program, grace: message.graceMs / 1000 },
          },
        ];
      case 'live-ack':
        return [{ event: 'lease-renew', fields: { leases: message.leases.length } }];
      case 'released':
        return [{ event: 'lease-release', fields: this.#released(message) }];
      case 'configuration':
        return [{ event: 'configuration', fields: { version: message.version } }];
      case 'configuration-part':
        return message.part === 1
          ? [{ event: 'configuration', fields: { version: message.version } }]
          : [];
      case 'busy':
        return [{ event: 'busy', fields: { 'retry-after': message.retryAfterMs / 1000 } }];
      case 'protocol-error':
        return this.#clientBroke(reasonWord(message.reason));
      default:
        return [];
    }
  }

  #denied({ why }: MessageOf<'denied'>, request: ClientMessage | undefined): readonly Note[] {
    const fields = programOf(request);
    const asked = request?.type === 'request-callback';
    return [
      ...(asked ? [{ event: 'callback-request', fields }] : []),
      { event: 'lease-deny', fields: { ...fields, why } },
    ];
  }

  #granted(
    { lease }: { readonly lease: string },
    asked: { program?: string },
    event = 'lease-grant',
  ): readonly Note[] {
    const key = this.#key(lease);
    if (asked.program !== undefined && !this.#leases.has(key)) {
      const [oldest] = this.#leases.keys();
      if (oldest !== undefined && this.#leases.size >= MAX_LEASES) this.#leases.delete(oldest);
      this.#leases.set(key, { client: this.identity, program: asked.program });
    }
    return [{ event, fields: { ...asked, lease } }];
  }

  #released({ lease }: { readonly lease: string }): Record<string, string> {
    const known = this.#leases.get(this.#key(lease));
    return known && known.client === this.identity ? { lease, program: known.program } : { lease };
  }

  #key(lease: string): string {
    return `${this.#name} ${lease}`;
  }
}

/** One direction: frames, and the way back to them after bytes were lost. */
class Side {
  /** What the bytes look like, where they are no frames. */
  foreign: string | undefined;
  everLost = false;
  readonly #from: Sender;
  #decoder: FrameDecoder;
  #lost = false;
  #failed = false;

  constructor(from: Sender) {
    this.#from = from;
    this.#decoder = new FrameDecoder(from);
  }

  get pending(): boolean {
    return this.#decoder.pendingBytes > 0;
  }

  lose(): void {
    this.#decoder = new FrameDecoder(this.#from);
    this.#lost = true;
    this.everLost = true;
    this.#failed = false;
  }

  push(bytes: Uint8Array): { decoded: readonly Decoded[]; error?: ProtocolError } {
    if (this.#failed || bytes.length === 0) return { decoded: [] };
    // Senders write whole messages: after a gap, a segment that begins like one does begin with one.
    if (this.#lost && !beginsFrame(bytes, this.#from)) {
      this.foreign ??= cipherOf(bytes) ?? 'no-pipe-message';
      return { decoded: [] };
    }
    this.#lost = false;
    try {
      return { decoded: this.#decoder.push(bytes) };
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      this.foreign ??= cipherOf(bytes) ?? 'no-pipe-message';
      this.#failed = true;
      return { decoded: error.before, error };
    }
  }
}

/** At least the header of a frame must be there to tell. */
function beginsFrame(bytes: Uint8Array, from: Sender): boolean {
  if (bytes.length < HEADER_LENGTH) return false;
  try {
    new FrameDecoder(from).push(bytes.subarray(0, HEADER_LENGTH));
    return true;
  } catch {
    return false;
  }
}

/** An answer that nobody can take for one; the words are those of the faults that make such answers. */
function malformed(why: string): Note {
  const words: Readonly<Record<string, string>> = {
    'bad-version': 'wrong-version',
    'bad-length': 'wrong-length',
  };
  return { event: 'malformed', fields: { why: words[why] ?? why } };
}

function programOf(request: ClientMessage | undefined): { program?: string } {
  return request !== undefined && 'program' in request ? { program: request.program } : {};
}

/** What is pushed, and what refuses everything, answers no request. */
function isAnswerTo({ type }: ServerMessage, request: ClientMessage | undefined): boolean {
  if (type === 'protocol-error' || type === 'callback') return true;
  const { answers }: MessageDescription = MESSAGES[request?.type ?? 'bye'];
  return answers?.includes(type) === true;
}

function reasonWord(reason: string): string {
  const [word = ''] = reason.split(':', 1);
  return Object.hasOwn(PROTOCOL_FAULTS, word) ? word : 'unknown';
}
