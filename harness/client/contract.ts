// The JSON Lines of the driven tier (docs/client-contract.md). Bytes in, words out: no process, no clock.
// What a client does wrong is a value, so that it ends in the trace and not in a stack.

/** What Meterproof asks of a client; one line on its stdin. */
export interface Command {
  /** From 1, never twice in one process. */
  readonly id: number;
  /** `start-program`, `stop-program`, `check-out`, `check-in`, `shutdown`, one of a library (harness/case/commands.ts), or a made-up word that must be answered `unsupported`. */
  readonly name: string;
  readonly program?: string;
  /** From the version information of a program that is started, where a case says it. */
  readonly originalName?: string;
  readonly version?: string;
  /** For how long a licence is checked out. */
  readonly durationMs?: number;
  /** Of a library's command: the name of a feature. */
  readonly argument?: string;
}

const RESULTS = ['ok', 'unsupported', 'error'] as const;
export type Result = (typeof RESULTS)[number];

export interface Answer {
  readonly kind: 'answer';
  readonly id: number;
  readonly result: Result;
  /** What the client says of an `error`. */
  readonly why?: string;
}

/** Something that the client says of itself: shown, never evidence. */
export interface Said {
  readonly kind: 'said';
  readonly event: string;
  readonly fields: Readonly<Record<string, string | number | boolean>>;
}

/** The client broke the contract. */
export interface Violation {
  readonly kind: 'violation';
  readonly why: string;
  /** The beginning of the offending line, printable. */
  readonly line: string;
}

export type ClientWord = Answer | Said | Violation;

export const MAX_LINE_BYTES = 65_536;
/** In the life of one process; bytes are bounded where they are read. */
export const MAX_LINES = 100_000;
const MAX_FIELDS = 32;
const MAX_EXCERPT = 200;
const NEWLINE = 0x0a;
/** Made once: they cost more than what they decode. */
const STRICT = new TextDecoder('utf-8', { fatal: true });
const LENIENT = new TextDecoder();

/** One line with its newline. */
export function encodeCommand({ id, name, ...subject }: Command): string {
  const line = { id, command: name, ...subject };
  return `${JSON.stringify(line)}\n`;
}

/** Reads one client's stdout and knows which commands are still to be answered. */
export class ContractReader {
  readonly #open = new Set<number>();
  readonly #answered = new Set<number>();
  #pending: Uint8Array[] = [];
  #pendingBytes = 0;
  #skipping = false;
  #lines = 0;

  /** Call it before the command is written. */
  commandSent(id: number): void {
    this.#open.add(id);
  }

  /** Ids of the commands without an answer, in the order in which they were sent. */
  get unanswered(): readonly number[] {
    return [...this.#open];
  }

  /** Takes any chunk, gives the words that it completes. */
  push(chunk: Uint8Array): ClientWord[] {
    const words: ClientWord[] = [];
    let from = 0;
    while (from < chunk.length && this.#lines <= MAX_LINES) {
      const newline = chunk.indexOf(NEWLINE, from);
      const to = newline < 0 ? chunk.length : newline;
      this.#keep(chunk.subarray(from, to), words);
      if (newline < 0) break;
      this.#endLine(words);
      from = newline + 1;
    }
    return words;
  }

  /** The stream has ended: a rest without a newline breaks the contract. */
  end(): ClientWord[] {
    const rest = this.#take();
    return rest.length === 0 ? [] : [violation('the last line has no newline', printable(rest))];
  }

  #keep(bytes: Uint8Array, words: ClientWord[]): void {
    if (this.#skipping || bytes.length === 0) return;
    if (this.#pendingBytes + bytes.length > MAX_LINE_BYTES) {
      const start = Buffer.concat([...this.#pending, bytes.subarray(0, MAX_EXCERPT)]);
      words.push(violation(`a line is longer than ${MAX_LINE_BYTES} bytes`, printable(start)));
      this.#take();
      this.#skipping = true;
      return;
    }
    // Copied: the chunk may be a pool's, which is written over.
    this.#pending.push(Uint8Array.from(bytes));
    this.#pendingBytes += bytes.length;
  }

  #endLine(words: ClientWord[]): void {
    const bytes = this.#take();
    if (++this.#lines > MAX_LINES)
      words.push(violation(`more than ${MAX_LINES} lines of output: the rest is not read`, ''));
    else if (!this.#skipping) words.push(this.#word(bytes));
    this.#skipping = false;
  }

  #take(): Uint8Array {
    const bytes = Buffer.concat(this.#pending);
    this.#pending = [];
    this.#pendingBytes = 0;
    return bytes;
  }

  #word(bytes: Uint8Array): ClientWord {
    const word = parseLine(bytes);
    if (word.kind !== 'answer') return word;
    if (this.#answered.has(word.id))
      return violation(`command ${word.id} answered twice`, printable(bytes));
    if (!this.#open.delete(word.id))
      return violation(`an answer to command ${word.id}, which was never given`, printable(bytes));
    this.#answered.add(word.id);
    return word;
  }
}

/** One line without its newline; ids are not looked up. */
export function parseLine(bytes: Uint8Array): ClientWord {
  let value: unknown;
  try {
    value = JSON.parse(STRICT.decode(bytes));
  } catch (error) {
    return violation(error instanceof SyntaxError ? 'not JSON' : 'not UTF-8', printable(bytes));
  }
  if (!isRecord(value)) return violation('not a JSON object', printable(bytes));
  if ('event' in value) return parseEvent(value, bytes);
  if ('id' in value) return parseAnswer(value, bytes);
  return violation('neither an answer (no "id") nor an event (no "event")', printable(bytes));
}

function parseAnswer(value: Record<string, unknown>, bytes: Uint8Array): ClientWord {
  const { id, result, why } = value;
  if (typeof id !== 'number' || !Number.isSafeInteger(id))
    return violation('"id" is not a whole number', printable(bytes));
  const known = RESULTS.find((word) => word === result);
  if (known === undefined)
    return violation(`"result" is not one of ${RESULTS.join(', ')}`, printable(bytes));
  if (why !== undefined && typeof why !== 'string')
    return violation('"why" is not a string', printable(bytes));
  return { kind: 'answer', id, result: known, ...(why === undefined ? {} : { why }) };
}

function parseEvent(value: Record<string, unknown>, bytes: Uint8Array): ClientWord {
  const { event, ...rest } = value;
  if (typeof event !== 'string' || !/^[a-z][a-z0-9-]{0,63}$/.test(event))
    return violation(
      '"event" is not a word of small letters, digits and hyphens',
      printable(bytes),
    );
  const entries = Object.entries(rest);
  if (entries.length > MAX_FIELDS)
    return violation(`an event with more than ${MAX_FIELDS} fields`, printable(bytes));
  const fields: Record<string, string | number | boolean> = {};
  for (const [key, field] of entries) {
    if (typeof field !== 'string' && typeof field !== 'number' && typeof field !== 'boolean')
      return violation(
        `field "${key}" of an event is no string, number or boolean`,
        printable(bytes),
      );
    Object.defineProperty(fields, key, { value: field, enumerable: true });
  }
  return { kind: 'said', event, fields };
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function violation(why: string, line: string): Violation {
  return { kind: 'violation', why, line };
}

function printable(bytes: Uint8Array): string {
  const text = LENIENT.decode(bytes.subarray(0, MAX_EXCERPT));
  return text.replaceAll(/[^\x20-\x7e\u00a0-\uffff]/g, '?');
}
