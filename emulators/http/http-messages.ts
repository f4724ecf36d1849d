// HTTP/1.1 messages out of one side of a recorded connection, within bounds. What a server of ours refuses is read here
// as far as it makes sense: the recorded server may have been another.

/** One whole message. */
export interface HttpMessage {
  /** `PUT /LicMtr/Inboxes/Offline/a HTTP/1.1` or `HTTP/1.1 201 Created`. */
  readonly startLine: string;
  /** Names in lower case; of a name that came twice, the last. */
  readonly headers: ReadonlyMap<string, string>;
  /** Undefined: longer than the bound. */
  readonly body: Buffer | undefined;
}

export interface HttpSide {
  /** Whether a start line can be the first of a message of this side. */
  readonly begins: RegExp;
  /** Bodies up to that length are kept. */
  readonly maxBodyBytes: number;
  /** How the body of a message without a length ends: there is none, or it lasts to the end of the stream. */
  bodyOf(startLine: string): 'none' | 'sized' | 'sized-or-to-end';
}

/** Bytes of unfinished bodies over all connections of a capture. */
export interface HeldBodies {
  bytes: number;
}

/** Beyond this a body is not kept, as one that is too long is not. */
const MAX_HELD_BYTES = 64 * 1024 * 1024;
const MAX_HEAD_BYTES = 64 * 1024;
const MAX_LINE_BYTES = 1024;
const HEAD_END = Buffer.from('\r\n\r\n');
const LINE_END = Buffer.from('\r\n');

/** Begins an answer of another version than 1.0 and 1.1. */
const OTHER_VERSION = /^HTTP\/(?!1\.[01] )\d+\.\d+ /;

const CAPITAL_A = 0x41;
const CAPITAL_Z = 0x5a;

type State =
  | { readonly kind: 'head' }
  | { readonly kind: 'body'; left: number }
  | { readonly kind: 'chunk-size' }
  | { readonly kind: 'chunk'; left: number }
  | { readonly kind: 'trailer' }
  | { readonly kind: 'to-end' };

/** The bytes are not HTTP. */
export class HttpError extends Error {
  override readonly name = 'HttpError';
}

/** A message of another version of HTTP. */
export class OtherVersion extends HttpError {}

/** Cuts one side of a connection into messages, whatever its pieces. */
export class HttpMessages {
  readonly #side: HttpSide;
  readonly #heldBodies: HeldBodies;
  #held: Buffer = Buffer.alloc(0);
  #state: State = { kind: 'head' };
  #startLine = '';
  #headers: ReadonlyMap<string, string> = new Map();
  #body: Buffer[] = [];
  #keptBytes = 0;
  #isKept = true;
  #bodyBytes = 0;

  constructor(side: HttpSide, heldBodies: HeldBodies) {
    this.#side = side;
    this.#heldBodies = heldBodies;
  }

  /** True within a message. */
  get pending(): boolean {
    return this.#state.kind !== 'head' || this.#held.length > 0;
  }

  /** The start line of a message whose head is whole and whose body is not. */
  get begun(): string | undefined {
    return this.#state.kind === 'head' ? undefined : this.#startLine;
  }

  /** Bytes of the body so far. */
  get bodyBytes(): number {
    return this.#bodyBytes;
  }

  /** Returns the messages that are whole with this piece; throws an HttpError for what is none. */
  push(bytes: Uint8Array): HttpMessage[] {
    const piece = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    let rest = this.#held.length > 0 ? Buffer.concat([this.#held, piece]) : piece;
    const messages: HttpMessage[] = [];
    for (;;) {
      const next = this.#step(rest, messages);
      if (next === undefined) break;
      rest = next;
    }
    this.#held = Buffer.from(rest);
    return messages;
  }

  /** The stream has ended: a body that lasts to there is whole. */
  end(): HttpMessage[] {
    return this.#state.kind === 'to-end' ? [this.#finish()] : [];
  }

  /** Returns what is left after one step, undefined when more bytes are needed. */
  #step(rest: Buffer, messages: HttpMessage[]): Buffer | undefined {
    const state = this.#state;
    switch (state.kind) {
      case 'head':
        return this.#head(rest, messages);
      case 'body':
      case 'chunk': {
        if (rest.length === 0 && state.left > 0) return undefined;
        const taken = Math.min(state.left, rest.length);
        this.#keep(rest.subarray(0, taken));
        state.left -= taken;
        if (state.left > 0) return rest.subarray(taken);
        if (state.kind === 'body') messages.push(this.#finish());
        else this.#state = { kind: 'chunk-size' };
        return rest.subarray(taken);
      }
      case 'chunk-size':
        return this.#line(rest, (line) => this.#chunkSize(line));
      case 'trailer':
        return this.#line(rest, (line) => {
          if (line === '') messages.push(this.#finish());
        });
      case 'to-end':
        if (rest.length === 0) return undefined;
        this.#keep(rest);
        return rest.subarray(rest.length);
    }
  }

  #head(rest: Buffer, messages: HttpMessage[]): Buffer | undefined {
    const [first = CAPITAL_A] = rest;
    if (first < CAPITAL_A || first > CAPITAL_Z) throw new HttpError('no start line');
    const lineEnd = rest.indexOf(LINE_END);
    if (lineEnd >= 0 || rest.length > MAX_LINE_BYTES) {
      const startLine = rest.toString('latin1', 0, Math.max(lineEnd, 0));
      if (!this.#side.begins.test(startLine))
        throw OTHER_VERSION.test(startLine)
          ? new OtherVersion(startLine.slice(0, 20))
          : new HttpError('no start line');
    }
    const end = rest.indexOf(HEAD_END);
    if (end > MAX_HEAD_BYTES || (end < 0 && rest.length > MAX_HEAD_BYTES))
      throw new HttpError(`a head of more than ${MAX_HEAD_BYTES} bytes`);
    if (end < 0) return undefined;
    const [startLine = '', ...lines] = rest.toString('latin1', 0, end).split('\r\n');
    this.#startLine = startLine;
    this.#headers = new Map(lines.map(readHeader));
    this.#state = this.#bodyState();
    if (this.#state.kind === 'head') messages.push(this.#finish());
    return rest.subarray(end + HEAD_END.length);
  }

  #bodyState(): State {
    const kind = this.#side.bodyOf(this.#startLine);
    if (kind === 'none') return { kind: 'head' };
    if (/\bchunked\b/i.test(this.#headers.get('transfer-encoding') ?? ''))
      return { kind: 'chunk-size' };
    const length = this.#headers.get('content-length');
    if (length === undefined) return { kind: kind === 'sized' ? 'head' : 'to-end' };
    if (!/^\d{1,15}$/.test(length)) throw new HttpError('a content-length that is no number');
    return Number(length) > 0 ? { kind: 'body', left: Number(length) } : { kind: 'head' };
  }

  #line(rest: Buffer, use: (line: string) => void): Buffer | undefined {
    const end = rest.indexOf(LINE_END);
    if (end > MAX_LINE_BYTES || (end < 0 && rest.length > MAX_LINE_BYTES))
      throw new HttpError('a line that is too long');
    if (end < 0) return undefined;
    use(rest.toString('latin1', 0, end));
    return rest.subarray(end + LINE_END.length);
  }

  #chunkSize(line: string): void {
    // The line that ends the chunk before.
    if (line === '' && this.#bodyBytes > 0) return;
    const size = /^([0-9a-f]{1,8})\s*(?:;.*)?$/i.exec(line)?.[1];
    if (size === undefined) throw new HttpError('a chunk without a size');
    const left = Number.parseInt(size, 16);
    this.#state = left === 0 ? { kind: 'trailer' } : { kind: 'chunk', left };
  }

  #keep(bytes: Buffer): void {
    this.#bodyBytes += bytes.length;
    const isTooMuch =
      this.#bodyBytes > this.#side.maxBodyBytes ||
      this.#heldBodies.bytes + bytes.length > MAX_HELD_BYTES;
    if (isTooMuch) this.drop();
    if (!this.#isKept) return;
    this.#body.push(Buffer.from(bytes));
    this.#keptBytes += bytes.length;
    this.#heldBodies.bytes += bytes.length;
  }

  /** Lets go of the body so far. */
  drop(): void {
    this.#release();
    this.#isKept = false;
  }

  #finish(): HttpMessage {
    const body = this.#isKept ? Buffer.concat(this.#body) : undefined;
    this.#release();
    this.#state = { kind: 'head' };
    this.#isKept = true;
    this.#bodyBytes = 0;
    return { startLine: this.#startLine, headers: this.#headers, body };
  }

  #release(): void {
    this.#heldBodies.bytes -= this.#keptBytes;
    this.#keptBytes = 0;
    this.#body = [];
  }
}

function readHeader(line: string): [name: string, value: string] {
  const colon = line.indexOf(':');
  return colon < 0
    ? [line.toLowerCase(), '']
    : [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()];
}
