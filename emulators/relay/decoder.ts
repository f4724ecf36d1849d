// A connection to relay out of a capture, in the words in which the emulator notes the same.
import type { Note, SessionDecoders } from '../emulator.ts';
import { pathOf } from '../http/answer.ts';
import { type Asked, HttpDecoder, retryAfter } from '../http/http-decoder.ts';
import type { HttpMessage } from '../http/http-messages.ts';
import { DENIALS, GLOBAL_POOL, HEALTH, NODES } from './api.ts';

/** The key of the licence that a node has, as far as the capture has shown it: answers to heartbeats do not name it. */
type KnownLeases = Map<string, { readonly lease: string; readonly isHeld: boolean }>;

/** Leases that are remembered; the oldest are forgotten. */
const MAX_KNOWN = 65_536;
const MAX_KEY_CHARACTERS = 256;

/** Decoders for the connections of one capture. */
export function relayDecoders(): SessionDecoders {
  const leases: KnownLeases = new Map();
  const heldBodies = { bytes: 0 };
  return (server) =>
    new HttpDecoder(heldBodies, (method, target, { headers }) => {
      const path = pathOf(target) ?? '';
      if (path === HEALTH && method === 'GET') return { event: 'probe', answered: probed };
      const node = path.startsWith(NODES) ? path.slice(NODES.length) : '';
      if (node === '' || node.includes('/')) return { answered: misfit };
      const pool = headers.get('relay-pool') || GLOBAL_POOL;
      const known = new LeaseOf(leases, `${server} ${node} ${pool}`);
      if (method === 'PUT') return { ...claim(pool, known), identity: node };
      if (method === 'DELETE') return { ...release(pool, known), identity: node };
      return { answered: misfit };
    });
}

/** What is known of one node in one pool of one server. */
class LeaseOf {
  readonly #leases: KnownLeases;
  readonly #key: string;

  constructor(leases: KnownLeases, key: string) {
    this.#leases = leases;
    this.#key = key;
  }

  get lease(): string | undefined {
    return this.#leases.get(this.#key)?.lease;
  }

  /** What the node was told last, whether or not the lease has run out since. */
  get isHeld(): boolean {
    return this.#leases.get(this.#key)?.isHeld === true;
  }

  /** A lease that was given back is remembered, for a second release. */
  tell(lease: string | undefined, isHeld: boolean): void {
    if (lease === undefined) return;
    this.#leases.delete(this.#key);
    this.#leases.set(this.#key, { lease, isHeld });
    const [oldest] = this.#leases.keys();
    if (oldest !== undefined && this.#leases.size > MAX_KNOWN) this.#leases.delete(oldest);
  }
}

/** Only the answer tells whether a lease was asked for, or one that was held was extended. */
function claim(program: string, known: LeaseOf): Asked {
  const asked: Note = { event: 'lease-request', fields: { program } };
  return {
    event: known.isHeld ? 'lease-renew' : 'lease-request',
    answered: (status, answer) => {
      if (status === 202) {
        const { lease } = known;
        known.tell(lease, true);
        const fields = { leases: 1, program, ...(lease !== undefined && { lease }) };
        return [{ event: 'lease-renew', fields }];
      }
      if (status === 201) {
        const lease = keyIn(answer);
        if (lease === undefined)
          return [asked, { event: 'malformed', fields: { why: 'unreadable' } }];
        known.tell(lease, true);
        return [asked, { event: 'lease-grant', fields: { program, lease } }];
      }
      const why = Object.entries(DENIALS).find(([denied]) => Number(denied) === status)?.[1];
      if (why !== undefined) known.tell(known.lease, false);
      if (why !== undefined) return [asked, { event: 'lease-deny', fields: { program, why } }];
      const before = known.isHeld ? [] : [asked];
      return [...before, ...unavailable(status, answer)];
    },
  };
}

function release(program: string, known: LeaseOf): Asked {
  return {
    event: 'lease-release',
    answered: (status, answer) => {
      if (status === 400) return [{ event: 'protocol-error', fields: { why: 'bad-pool', status } }];
      if (status !== 204 && status !== 404) return unavailable(status, answer);
      const { lease } = known;
      known.tell(lease, false);
      const fields = { program, ...(lease !== undefined && { lease }) };
      return [{ event: 'lease-release', fields }];
    },
  };
}

function probed(status: number, answer: HttpMessage): readonly Note[] {
  return [{ event: 'probe', fields: { status, ...retryAfter(answer) } }];
}

function unavailable(status: number, answer: HttpMessage): readonly Note[] {
  if (status === 503) return [{ event: 'busy', fields: retryAfter(answer) }];
  return [{ event: 'malformed', fields: { why: `status-${status}` } }];
}

function misfit(status: number): readonly Note[] {
  const why = status === 404 ? 'no-such-path' : status === 405 ? 'no-such-method' : undefined;
  return why === undefined ? [] : [{ event: 'protocol-error', fields: { why, status } }];
}

function keyIn({ body }: HttpMessage): string | undefined {
  try {
    const value: unknown = JSON.parse(body?.toString('utf8') ?? '');
    const key = (value as Readonly<Record<string, unknown>> | null)?.['license_key'];
    return typeof key === 'string' && key !== '' && key.length <= MAX_KEY_CHARACTERS
      ? key
      : undefined;
  } catch {
    return undefined;
  }
}
