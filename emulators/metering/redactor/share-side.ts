import type { RedactedPiece, StandIns } from '../../emulator.ts';
import {
  HttpError,
  type HttpMessage,
  HttpMessages,
  type HttpSide,
} from '../../http/http-messages.ts';
import { MAX_BODY_BYTES } from '../../http/answer.ts';

const MAX_ANSWER_BYTES = 16 * 1024 * 1024;
/** Requests that may wait on one connection. */
const MAX_WAITING = 1024;
/** What of a credential stays: the scheme. */
const CREDENTIALS = /^(?:authorization|proxy-authorization|cookie|set-cookie)$/;
const SCHEME = /^(?:basic|bearer|digest|negotiate|ntlm)(?= )/i;

/** Both directions of one connection to the share: how an answer ends depends on what was asked. */
export function shareSides(names: StandIns): { client: ShareSide; server: ShareSide } {
  const waiting: string[] = [];
  const requests: HttpSide = {
    begins: /^[A-Z]{1,20} \S{1,900} HTTP\/1\.[01]$/,
    maxBodyBytes: MAX_BODY_BYTES,
    bodyOf: () => 'sized',
  };
  const answers: HttpSide = {
    begins: /^HTTP\/1\.[01] [1-5]\d\d(?: .*)?$/,
    maxBodyBytes: MAX_ANSWER_BYTES,
    bodyOf: (startLine) => {
      const status = Number(startLine.slice(9, 12));
      const isEmpty = status < 200 || status === 204 || status === 304;
      return isEmpty || waiting[0] === 'HEAD' ? 'none' : 'sized-or-to-end';
    },
  };
  return {
    client: new ShareSide(requests, names, ({ startLine }) => {
      if (waiting.length < MAX_WAITING) waiting.push(startLine.split(' ', 1)[0]!);
    }),
    server: new ShareSide(answers, names, ({ startLine }) => {
      if (Number(startLine.slice(9, 12)) >= 200) waiting.shift();
    }),
  };
}

export class ShareSide {
  readonly #messages: HttpMessages;
  readonly #names: StandIns;
  readonly #seen: (message: HttpMessage) => void;
  #held = 0;
  #isBroken = false;

  constructor(side: HttpSide, names: StandIns, seen: (message: HttpMessage) => void) {
    this.#messages = new HttpMessages(side, { bytes: 0 });
    this.#names = names;
    this.#seen = seen;
  }

  push(bytes: Uint8Array): readonly RedactedPiece[] {
    this.#held += bytes.length;
    if (this.#isBroken) return this.#drop();
    try {
      return this.#pieces(this.#messages.push(bytes));
    } catch (error) {
      if (!(error instanceof HttpError)) throw error;
      this.#isBroken = true;
      return this.#drop();
    }
  }

  end(): readonly RedactedPiece[] {
    return [...(this.#isBroken ? [] : this.#pieces(this.#messages.end())), ...this.#drop()];
  }

  #drop(): readonly RedactedPiece[] {
    const standsFor = this.#held;
    this.#held = 0;
    return standsFor > 0 ? [{ standsFor }] : [];
  }

  /** Every message but the last stands for the length that it has now; the last, for the rest that has come. */
  #pieces(messages: readonly HttpMessage[]): readonly RedactedPiece[] {
    const pieces: RedactedPiece[] = [];
    for (const [place, message] of messages.entries()) {
      this.#seen(message);
      const bytes = redacted(message, this.#names);
      const isLast = place === messages.length - 1 && !this.#messages.pending;
      const standsFor = isLast ? this.#held : Math.min(bytes?.length ?? 0, this.#held);
      this.#held -= standsFor;
      pieces.push({ ...(bytes && { bytes }), standsFor });
    }
    return pieces;
  }
}

/** Undefined: there may be names in it that cannot be read. */
function redacted(message: HttpMessage, names: StandIns): Buffer | undefined {
  const { startLine, headers, body } = message;
  const coding = headers.get('content-encoding') ?? 'identity';
  if (body === undefined || (body.length > 0 && !/^identity$/i.test(coding))) return undefined;
  // The body first: the names that it tells are in the address and the headers too.
  const text = redactedBody(startLine, body.toString('utf8'), names);
  const kept = text === undefined ? body : Buffer.from(text);
  const isChunked = /\bchunked\b/i.test(headers.get('transfer-encoding') ?? '');
  const lines = [...headers].map(([name, value]) => {
    if (name === 'content-length' && !isChunked && kept.length !== body.length)
      return `${name}: ${kept.length}`;
    return `${name}: ${headerValue(name, value, names)}`;
  });
  const head = Buffer.from(`${[names.text(startLine), ...lines].join('\r\n')}\r\n\r\n`, 'latin1');
  if (!isChunked) return Buffer.concat([head, kept]);
  const chunk = kept.length > 0 ? [`${kept.length.toString(16)}\r\n`, kept, '\r\n'] : [];
  return Buffer.concat([head, ...[...chunk, '0\r\n\r\n'].map((part) => Buffer.from(part))]);
}

function headerValue(name: string, value: string, names: StandIns): string {
  if (!CREDENTIALS.test(name)) return names.text(value);
  const scheme = SCHEME.exec(value)?.[0];
  const rest = scheme === undefined ? value : value.slice(scheme.length + 1);
  const standIn = names.name('account', rest);
  return scheme === undefined ? standIn : `${scheme} ${standIn}`;
}

/** A log record by record; other bodies as texts; a configuration, which lists programs for everybody, stays: undefined. */
function redactedBody(startLine: string, body: string, names: StandIns): string | undefined {
  if (startLine.startsWith('HTTP/')) return isConfiguration(body) ? undefined : names.text(body);
  const lines = body.split('\n');
  return lines.map((line) => redactedRecord(line, names)).join('\n');
}

function isConfiguration(body: string): boolean {
  return /^\s*\[LicMtr\]/i.test(body);
}

function redactedRecord(line: string, names: StandIns): string {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return names.text(line);
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return names.text(line);
  const record = value as Record<string, unknown>;
  const change = (field: string, to: (text: string) => string): void => {
    const text = record[field];
    if (typeof text === 'string') record[field] = to(text);
  };
  change('user', (text) => names.name('account', text));
  change('workstation', (text) => names.name('workstation', text));
  change('client', (text) => names.name('workstation', text));
  change('id', (text) => names.text(text));
  return JSON.stringify(record);
}
