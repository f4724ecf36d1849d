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

export function shareOf(server: Server, limits: Limits, stop: AbortSignal): Share {
  const call = async (request: Call): Promise<Answer> => {
    try {
      return await exchange(server.share, request, limits, stop);
    } catch (error) {
      if (stop.aborted) throw new Stopped();
      throw new Unavailable(error instanceof Error ? error.message : String(error));
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
      if (!REFUSED_FOR_GOOD.has(answer.status)) throw unavailable(path, answer);
      return { status: answer.status, why: answer.body.toString('utf8').trim().slice(0, 500) };
    },
    configuration: () => get('/LicMtr/LICMTR.CFG'),
  };
}

function unavailable(path: string, answer: Answer): Unavailable {
  return new Unavailable(`${path} answered ${answer.status}`, answer);
}
