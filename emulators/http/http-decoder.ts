// One connection of HTTP/1.1 out of a capture: requests paired with their answers. What they mean is the dialect's business.
import type { FieldValue, Note, SessionDecoder } from '../emulator.ts';
import { MAX_BODY_BYTES, MAX_DRAINED_BYTES } from './answer.ts';
import { cipherOf } from './cipher.ts';
import {
  HttpError,
  HttpMessages,
  type HeldBodies,
  type HttpMessage,
  type HttpSide,
  OtherVersion,
} from './http-messages.ts';

/** What a dialect makes of one request. */
export interface Asked {
  /** The word by which it is noted, or its answer; absent for what the protocol does not know. */
  readonly event?: string;
  /** Told with the bytes that complete the request. */
  readonly notes?: readonly Note[];
  /** Who the client says that it is. */
  readonly identity?: string | undefined;
  /** What the answer means: any status from 200 on but a redirection, which no dialect of ours knows. */
  answered(status: number, answer: HttpMessage): readonly Note[];
}

/** `target` as it stands in the request line. */
export type Understand = (method: string, target: string, request: HttpMessage) => Asked;

interface Waiting {
  readonly method: string;
  readonly asked: Asked;
}

/** Lists of megabytes were seen in configurations (Q311467). */
const MAX_ANSWER_BYTES = 16 * 1024 * 1024;
/** Requests that may wait on one connection; a client that sends more is not followed. */
const MAX_WAITING = 1024;

export class HttpDecoder implements SessionDecoder {
  identity: string | undefined;
  opaque: string | undefined;
  #waiting: Waiting[] = [];
  readonly #understand: Understand;
  readonly #heldBodies: HeldBodies;
  #requests: HttpMessages;
  #answers: HttpMessages;
  readonly #lost = { client: false, server: false };
  readonly #failed = { client: false, server: false };
  readonly #foreign: { client?: string; server?: string } = {};
  #understood = false;
  #malformedWhy: 'bad-http' | 'wrong-version' = 'bad-http';

  constructor(heldBodies: HeldBodies, understand: Understand) {
    this.#understand = understand;
    this.#heldBodies = heldBodies;
    this.#requests = new HttpMessages(REQUESTS, heldBodies);
    this.#answers = new HttpMessages(this.#answerSide(), heldBodies);
  }

  client(bytes: Uint8Array): readonly Note[] {
    const requests = this.#push('client', bytes, this.#requests, REQUESTS.begins);
    const notes = requests.flatMap((request) => [...this.#asked(request)]);
    if (this.#requests.bodyBytes > MAX_DRAINED_BYTES && !this.#failed.client) {
      this.#failed.client = true;
      notes.push({ event: 'protocol-error', fields: { why: 'body-too-long' } });
    }
    return notes;
  }

  server(bytes: Uint8Array): readonly Note[] {
    const answers = this.#push('server', bytes, this.#answers, ANSWER);
    const notes = answers.flatMap((answer) => [...this.#answered(answer)]);
    if (this.#failed.server && this.#understood && this.#waiting.length > 0) {
      this.#waiting = [];
      notes.push({ event: 'malformed', fields: { why: this.#malformedWhy } });
    }
    return notes;
  }

  gap(side: 'client' | 'server'): void {
    if (side === 'client') this.#renewRequests();
    else this.#renewAnswers();
    // Answers carry no name of their request: those that wait can't be told from the one that was lost.
    this.#waiting = [];
    this.#lost[side] = true;
    this.#failed[side] = false;
  }

  end(): readonly Note[] {
    const notes = this.#answers.end().flatMap((answer) => [...this.#answered(answer)]);
    if (!this.#understood) this.opaque ??= this.#foreign.client ?? this.#foreign.server;
    const cut = this.#cut();
    this.#renewRequests();
    this.#renewAnswers();
    return [...notes, ...cut];
  }

  awaited(): string | undefined {
    const [oldest] = this.#waiting;
    if (oldest) return oldest.asked.event ?? 'request';
    const { begun, pending } = this.#requests;
    if (!pending) return undefined;
    const [method = '', target = ''] = begun?.split(' ') ?? [];
    const head = { startLine: begun ?? '', headers: new Map<string, string>(), body: undefined };
    return this.#understand(method, target, head).event ?? 'request';
  }

  #cut(): readonly Note[] {
    if (!this.#answers.pending || this.opaque !== undefined || this.#failed.server) return [];
    this.#renewAnswers();
    return [{ event: 'answer-lost', fields: { why: 'cut' } }];
  }

  #renewRequests(): void {
    this.#requests.drop();
    this.#requests = new HttpMessages(REQUESTS, this.#heldBodies);
  }

  #renewAnswers(): void {
    this.#answers.drop();
    this.#answers = new HttpMessages(this.#answerSide(), this.#heldBodies);
  }

  #push(
    side: 'client' | 'server',
    bytes: Uint8Array,
    messages: HttpMessages,
    begins: RegExp,
  ): readonly HttpMessage[] {
    if (this.opaque !== undefined || this.#failed[side] || bytes.length === 0) return [];
    const line = firstLine(bytes);
    if (this.#lost[side] && !begins.test(line)) {
      this.#foreign[side] ??= cipherOf(bytes) ?? 'no-http';
      return [];
    }
    this.#lost[side] = false;
    try {
      const found = messages.push(bytes);
      if (found.length > 0) this.#understood = true;
      return found;
    } catch (error) {
      if (!(error instanceof HttpError)) throw error;
      this.#failed[side] = true;
      this.#malformedWhy = error instanceof OtherVersion ? 'wrong-version' : 'bad-http';
      this.#foreign[side] ??= cipherOf(bytes) ?? 'no-http';
      const isForeign = side === 'server' || this.#foreign[side] === 'tls';
      if (!this.#understood && isForeign) this.opaque = this.#foreign.client ?? this.#foreign[side];
      return [];
    }
  }

  #asked(request: HttpMessage): readonly Note[] {
    const [method = '', target = ''] = request.startLine.split(' ');
    if (this.#waiting.length >= MAX_WAITING) this.#waiting = [];
    const asked = this.#understand(method, target, request);
    this.#waiting.push({ method, asked });
    this.identity ??= asked.identity;
    return asked.notes ?? [];
  }

  #answered(answer: HttpMessage): readonly Note[] {
    const status = statusOf(answer.startLine);
    // 100 Continue and its like come before the answer.
    if (status < 200) return [];
    const request = this.#waiting.shift();
    // The protocol knows no redirection.
    if (request && status >= 300 && status < 400)
      return [{ event: 'malformed', fields: { why: 'unexpected' } }];
    if (request) return request.asked.answered(status, answer);
    return status === 400 && this.#failed.client
      ? [{ event: 'protocol-error', fields: { why: 'bad-http' } }]
      : [];
  }

  #answerSide(): HttpSide {
    return {
      begins: ANSWER,
      maxBodyBytes: MAX_ANSWER_BYTES,
      bodyOf: (startLine) => {
        const status = statusOf(startLine);
        const isEmpty = status < 200 || status === 204 || status === 304;
        return isEmpty || this.#waiting[0]?.method === 'HEAD' ? 'none' : 'sized-or-to-end';
      },
    };
  }
}

const REQUESTS: HttpSide = {
  begins: /^[A-Z]{1,20} \S{1,900} HTTP\/1\.[01]$/,
  maxBodyBytes: MAX_BODY_BYTES,
  bodyOf: () => 'sized',
};
const ANSWER = /^HTTP\/1\.[01] [1-5]\d\d(?: .*)?$/;

/** The seconds that an answer names in Retry-After, or its text where that cannot be told. */
export function retryAfter({ headers }: HttpMessage): { 'retry-after'?: FieldValue } {
  const text = headers.get('retry-after')?.slice(0, 64);
  if (text === undefined) return {};
  if (/^\d{1,9}$/.test(text)) return { 'retry-after': Number(text) };
  // A date is compared with the server's own (RFC 9110 §10.2.3).
  const seconds = (Date.parse(text) - Date.parse(headers.get('date') ?? '')) / 1000;
  return { 'retry-after': Number.isNaN(seconds) ? text : seconds };
}

function statusOf(startLine: string): number {
  return Number(startLine.slice(9, 12));
}

function firstLine(bytes: Uint8Array): string {
  const head = Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(bytes.length, 1024));
  return head.toString('latin1').split('\r\n', 1)[0] ?? '';
}
