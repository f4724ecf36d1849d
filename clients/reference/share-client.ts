import { NO_BUGS, type Bugs } from './bugs.ts';
import type { Server } from './configuration.ts';
import { exchange, type Answer, type Call, type Limits } from './http-exchange.ts';
import { Stopped } from './time.ts';

/** The share does not serve us now; what is said of the log in hand is nothing. */
export class Unavailable extends Error {
  /** The answer with which it said so, where there was one. */
  readonly answer: Answer | undefined;

  constructor(message: string, answer?: Answer) {
    super(message);
    this.answer = answer;
  }
}

/** A definite no to one log: it is not to be offered again. */
export interface Refusal {
  readonly status: number;
  readonly why: string;
  /** Ids, where a part of the log was stored (207). What is in neither list may be sent again. */
  readonly partial?: { readonly accepted: readonly string[]; readonly refused: readonly string[] };
}

/** The share of one server. Every call rejects with `Unavailable` when the server does not serve it. */
export interface Share {
  readonly server: string;
  /** Whether the server can be reached: can its dbup.ini be opened? */
  probe(): Promise<void>;
  /** Resolves with undefined when the server has stored the log, now or before. */
  upload(log: string, content: Uint8Array): Promise<Refusal | undefined>;
  configuration(): Promise<Buffer>;
}

/** Not like that (400), another log has this name (409), too large (413): asking again cannot help. */
const REFUSED_FOR_GOOD: ReadonlySet<number> = new Set([400, 409, 413]);

/** By how much the bug other-clock-is-down lets clocks differ. */
const DAY_MS = 86_400_000;
/** What the bug big-list can take. */
const SMALL_BUFFER_BYTES = 1024 * 1024;

export function shareOf(
  server: Server,
  limits: Limits,
  stop: AbortSignal,
  bugs: Bugs = NO_BUGS,
): Share {
  const call = async (request: Call): Promise<Answer> => {
    try {
      const answer = await exchange(server.share, request, limits, stop, bugs);
      const isOff = Math.abs(Date.parse(answer.headers.date ?? '') - Date.now()) > DAY_MS;
      if (bugs.has('other-clock-is-down') && isOff) throw new Error('its clock is wrong');
      return answer;
    } catch (error) {
      if (stop.aborted) throw new Stopped();
      const why = error instanceof Error ? error.message : String(error);
      if (bugs.has('reset-ends-the-pass') && why.includes('ECONNRESET')) throw error;
      if (bugs.has('silence-ends-the-pass') && why.includes('silent')) throw error;
      if (bugs.has('garbage-ends-the-pass') && why.includes('Parse Error')) throw error;
      throw new Unavailable(why);
    }
  };
  const get = async (path: string): Promise<Buffer> => {
    const answer = await call({ method: 'GET', path });
    if (answer.status !== 200) throw unavailable(path, answer);
    return answer.body;
  };

  return {
    server: server.name,
    async probe() {
      await get('/LicMtr/dbup.ini');
    },
    async upload(log, content) {
      const path = `/LicMtr/Inboxes/Offline/${encodeURIComponent(log)}`;
      const answer = await call({ method: 'PUT', path, body: content });
      if (answer.status === 201 || answer.status === 200) return undefined;
      if (bugs.has('any-answer-is-an-ack')) return undefined;
      const partial = answer.status === 207 ? readPartial(answer.body) : undefined;
      if (partial && bugs.has('partial-is-all')) return undefined;
      if (partial && bugs.has('partial-sent-whole')) throw unavailable(path, answer);
      if (partial) return { status: 207, why: 'stored in part', partial };
      const isRefused =
        REFUSED_FOR_GOOD.has(answer.status) ||
        (bugs.has('too-many-is-a-refusal') && answer.status === 429) ||
        (bugs.has('account-refused-is-log-refused') && answer.status === 401);
      if (!isRefused) throw unavailable(path, answer);
      return { status: answer.status, why: answer.body.toString('utf8').trim().slice(0, 500) };
    },
    async configuration() {
      const content = await get('/LicMtr/LICMTR.CFG');
      if (bugs.has('big-list') && content.length > SMALL_BUFFER_BYTES)
        throw new Unavailable('the configuration is too large');
      return content;
    },
  };
}

/** Undefined: it cannot be read, and says nothing. */
function readPartial(body: Buffer): Refusal['partial'] {
  try {
    const { accepted, refused } = JSON.parse(body.toString('utf8')) as Record<string, unknown>;
    if (!Array.isArray(accepted) || !Array.isArray(refused)) return undefined;
    return {
      accepted: accepted.map(String),
      refused: refused.map((entry) => String((entry as { id?: unknown } | null)?.id)),
    };
  } catch {
    return undefined;
  }
}

function unavailable(path: string, answer: Answer): Unavailable {
  return new Unavailable(`${path} answered ${answer.status}`, answer);
}
