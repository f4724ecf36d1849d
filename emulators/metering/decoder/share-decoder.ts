import type { FieldValue, Note, SessionDecoder } from '../../emulator.ts';
import { parseLog, toUsageNote, type UsageRecord } from '../server/usage-record.ts';
import { MAX_BODY_BYTES } from '../share/endpoint.ts';
import { MAX_DRAINED_BYTES } from '../share/node-http.ts';
import { pathOf, routeOf } from '../share/share.ts';
import { LOG_NAME } from '../share/upload.ts';
import { cipherOf } from './cipher.ts';
import {
  HttpError,
  HttpMessages,
  type HeldBodies,
  type HttpMessage,
  type HttpSide,
} from './http-messages.ts';

type Fields = Record<string, FieldValue>;

/** A request that waits for its answer. */
interface Waiting {
  readonly method: string;
  answered(status: number, answer: HttpMessage): readonly Note[];
}

/** Lists of megabytes were seen in configurations (Q311467). */
const MAX_ANSWER_BYTES = 16 * 1024 * 1024;
/** Requests that may wait on one connection; a client that sends more is not followed. */
const MAX_WAITING = 1024;

/** Understands one connection to the share face. */
export class ShareDecoder implements SessionDecoder {
  identity: string | undefined;
  opaque: string | undefined;
  #waiting: Waiting[] = [];
  readonly #heldBodies: HeldBodies;
  #requests: HttpMessages;
  #answers: HttpMessages;
  readonly #lost = { client: false, server: false };
  readonly #failed = { client: false, server: false };
  readonly #foreign: { client?: string; server?: string } = {};
  #understood = false;

  constructor(heldBodies: HeldBodies) {
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
      notes.push({ event: 'malformed', fields: { why: 'bad-http' } });
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
      this.#foreign[side] ??= cipherOf(bytes) ?? 'no-http';
      const isForeign = side === 'server' || this.#foreign[side] === 'tls';
      if (!this.#understood && isForeign) this.opaque = this.#foreign.client ?? this.#foreign[side];
      return [];
    }
  }

  #asked(request: HttpMessage): readonly Note[] {
    const [method = '', target = ''] = request.startLine.split(' ');
    const path = pathOf(target) ?? '';
    const route = routeOf(path);
    if (this.#waiting.length >= MAX_WAITING) this.#waiting = [];
    if (route === undefined || route.method !== method) {
      this.#waiting.push({ method, answered: misfit });
      return [];
    }
    if (route.method === 'PUT') return this.#offered(path.slice(route.path.length), request.body);
    const event = route.path.endsWith('.CFG') ? 'configuration' : 'probe';
    this.#waiting.push({ method, answered: (status, answer) => fetched(event, status, answer) });
    return [];
  }

  #offered(log: string, body: Buffer | undefined): readonly Note[] {
    const { records } = parseLog(body ?? Buffer.alloc(0));
    const usage = records.map(toUsageNote);
    const [first] = records;
    this.identity ??= first?.client;
    const content: Fields = { log, records: records.length, ...(first && { record: first.id }) };
    this.#waiting.push({
      method: 'PUT',
      answered: (status, answer) => {
        if (status === 200 || status === 201)
          return [{ event: 'upload-accept', fields: { ...content, status }, usage }];
        if (status === 207) return partly(log, records, answer);
        const why = status === 400 && !LOG_NAME.test(log) ? 'bad-name' : REFUSALS[status];
        const fields = { log, status, why: why ?? 'unknown', ...retryAfter(answer) };
        return [...loginRefused(status), { event: 'upload-refuse', fields, usage }];
      },
    });
    return [{ event: 'upload-offer', fields: content, usage }];
  }

  #answered(answer: HttpMessage): readonly Note[] {
    const status = statusOf(answer.startLine);
    // 100 Continue and its like come before the answer.
    if (status < 200) return [];
    const request = this.#waiting.shift();
    // The protocol knows no redirection.
    if (request && status >= 300 && status < 400)
      return [{ event: 'malformed', fields: { why: 'unexpected' } }];
    if (request) return request.answered(status, answer);
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

/** What the share of the protocol means by a status (docs/wire-protocol.md, section 7). */
const REFUSALS: Readonly<Record<number, string>> = {
  400: 'bad-record',
  401: 'login-refused',
  409: 'conflict',
  413: 'too-large',
  429: 'too-many-requests',
  503: 'unavailable',
  507: 'full',
};

function misfit(status: number): readonly Note[] {
  const why = status === 404 ? 'no-such-path' : status === 405 ? 'no-such-method' : undefined;
  return why === undefined ? [] : [{ event: 'protocol-error', fields: { why, status } }];
}

function fetched(event: string, status: number, answer: HttpMessage): readonly Note[] {
  const version =
    event === 'configuration' && status === 200
      ? /^Version=(\d{1,10})\r?$/m.exec(answer.body?.toString('latin1') ?? '')?.[1]
      : undefined;
  const fields = {
    ...(version !== undefined && { version: Number(version) }),
    status,
    ...retryAfter(answer),
  };
  return [{ event, fields }, ...loginRefused(status)];
}

function loginRefused(status: number): readonly Note[] {
  return status === 401 ? [{ event: 'login-refused' }] : [];
}

function retryAfter({ headers }: HttpMessage): { 'retry-after'?: FieldValue } {
  const text = headers.get('retry-after')?.slice(0, 64);
  if (text === undefined) return {};
  if (/^\d{1,9}$/.test(text)) return { 'retry-after': Number(text) };
  // A date is compared with the server's own (RFC 9110 §10.2.3).
  const seconds = (Date.parse(text) - Date.parse(headers.get('date') ?? '')) / 1000;
  return { 'retry-after': Number.isNaN(seconds) ? text : seconds };
}

/** 207: what became of each record stands in the body; one that cannot be read says nothing. */
function partly(
  log: string,
  records: readonly UsageRecord[],
  { body }: HttpMessage,
): readonly Note[] {
  const answer = readPartial(body);
  if (!answer) return [{ event: 'malformed', fields: { why: 'unreadable' } }];
  const about = (event: string, ids: readonly string[], why?: string): readonly Note[] => {
    const named = new Set(ids);
    const usage = records.filter(({ id }) => named.has(id)).map(toUsageNote);
    if (usage.length === 0) return [];
    const record = usage[0]!.record;
    const fields = { log, records: usage.length, record, status: 207, ...(why && { why }) };
    return [{ event, fields, usage }];
  };
  return [
    ...about('upload-accept', answer.accepted),
    ...about('upload-refuse', answer.later, 'later'),
    ...about('upload-refuse', answer.refused, 'refused'),
  ];
}

type Partly = Readonly<Record<'accepted' | 'later' | 'refused', readonly string[]>>;

function readPartial(body: Buffer | undefined): Partly | undefined {
  try {
    const value = JSON.parse(body?.toString('utf8') ?? '') as Readonly<Record<string, unknown>>;
    const idsOf = (name: string): string[] =>
      (value[name] as readonly unknown[]).map((item) =>
        String(typeof item === 'string' ? item : (item as { readonly id: unknown }).id),
      );
    return { accepted: idsOf('accepted'), later: idsOf('later'), refused: idsOf('refused') };
  } catch {
    return undefined;
  }
}

function statusOf(startLine: string): number {
  return Number(startLine.slice(9, 12));
}

function firstLine(bytes: Uint8Array): string {
  const head = Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(bytes.length, 1024));
  return head.toString('latin1').split('\r\n', 1)[0] ?? '';
}
