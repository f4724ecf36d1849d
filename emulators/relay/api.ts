// The HTTP API: one whole request in, one answer out (docs/relay.md).
import type { AnswerFault, Host, Note } from '../emulator.ts';
import {
  type HttpAnswer,
  type HttpRequest,
  malformed,
  MALFORMED_HTTP,
  pathOf,
} from '../http/answer.ts';
import { silence } from './faults.ts';
import type { Claim, Pools } from './pools.ts';
import { OTHER_SECRET, signatureOf, TEST_SECRET } from './signature.ts';

export const HEALTH = '/v1/health';
export const NODES = '/v1/nodes/';
/** The program of a request that names no pool. */
export const GLOBAL_POOL = 'global';
/** Fingerprints are hashes, mostly; the real server takes any text. */
const MAX_NODE_CHARACTERS = 512;

/** Why a licence is denied, in the words of a trace. */
export const DENIALS = {
  400: 'bad-pool',
  409: 'conflict',
  410: 'no-seat',
} as const;
type DenialStatus = keyof typeof DENIALS;

export interface RelayServer {
  readonly host: Host;
  readonly pools: Pools;
  readonly ttlMs: number;
}

/** What one node asks about one pool. */
interface Subject {
  readonly node: string;
  readonly pool: string;
  readonly client: string;
}

export function answerRelay(server: RelayServer, request: HttpRequest, client: string): HttpAnswer {
  const { host } = server;
  const fault = host.answerFault('pipe', [...MALFORMED_HTTP, 'wrong-signature'])?.name;
  const plain = dispatch(server, request, client);
  const isForged = fault === 'wrong-signature';
  const said = signed(plain, host.wallMs(), isForged ? OTHER_SECRET : TEST_SECRET);
  if (isForged)
    return { ...said, notes: [...said.notes, { event: 'malformed', fields: { why: fault } }] };
  return fault === undefined ? said : malformed(said, fault);
}

function dispatch(
  server: RelayServer,
  { method, target, headers }: HttpRequest,
  client: string,
): HttpAnswer {
  const path = pathOf(target) ?? '';
  if (path === HEALTH) return method === 'GET' ? health(server) : misfit(405, 'no-such-method');
  const node = path.startsWith(NODES) ? path.slice(NODES.length) : '';
  if (node === '' || node.includes('/')) return misfit(404, 'no-such-path');
  if (node.length > MAX_NODE_CHARACTERS) return misfit(400, 'long-fingerprint');
  const pool = String(headers['relay-pool'] ?? '') || GLOBAL_POOL;
  if (method === 'PUT') return claim(server, { node, pool, client });
  if (method === 'DELETE') return release(server, { node, pool, client });
  return misfit(405, 'no-such-method');
}

function health({ host }: RelayServer): HttpAnswer {
  const fault = host.answerFault('pipe', ['busy', '503']);
  if (!fault) return { ...EMPTY, status: 200, notes: [probed(200)] };
  const { status, headers, seconds } = unavailable(fault, host);
  return { ...EMPTY, status, headers, notes: [probed(status, seconds)] };
}

function probed(status: number, seconds?: Readonly<Record<string, number>>): Note {
  return { event: 'probe', fields: { status, ...seconds } };
}

function claim({ host, pools, ttlMs }: RelayServer, { node, pool, client }: Subject): HttpAnswer {
  const isHeld = pools.leaseOf(node)?.pool === pool;
  const asked: Note = { event: 'lease-request', fields: { program: pool } };
  const busy = host.answerFault('pipe', ['busy', '503']);
  // As a capture shows it: a node that believes in its lease sends a heartbeat.
  if (busy) return refuse(busy, host, pools.believes(node, pool) ? [] : [asked]);
  const denied = host.answerFault('pipe', ['conflict', 'bad-pool', ...(isHeld ? [] : ['deny'])]);
  const claimed = denied ? { kind: STRUCK[denied.name]! } : pools.claim(node, pool, client);
  const denial = STATUS[claimed.kind];
  pools.tell(node, pool, denial === undefined);
  if (denial !== undefined) {
    const fields = { program: pool, why: DENIALS[denial] };
    return failure(denial, [asked, { event: 'lease-deny', fields }]);
  }
  if (!('lease' in claimed)) throw new Error(`no answer for ${claimed.kind}`);
  const { lease } = claimed.lease;
  const expires = {
    expires_at: Math.floor((host.wallMs() + ttlMs) / 1000),
    expires_in: Math.floor(ttlMs / 1000),
  };
  const fields = { program: pool, lease };
  if (claimed.kind === 'extended')
    return json(202, expires, [{ event: 'lease-renew', fields: { leases: 1, ...fields } }]);
  const file = Buffer.from(`a licence for tests: ${lease}\n`).toString('base64');
  return json(201, { license_file: file, license_key: lease, ...expires }, [
    asked,
    { event: 'lease-grant', fields },
  ]);
}

function release({ host, pools }: RelayServer, { node, pool }: Subject): HttpAnswer {
  const busy = host.answerFault('pipe', ['busy', '503']);
  if (busy) return refuse(busy, host, []);
  if (host.answerFault('pipe', ['bad-pool']) || !pools.has(pool))
    return failure(400, [{ event: 'protocol-error', fields: { why: 'bad-pool', status: 400 } }]);
  const released = pools.release(node, pool);
  pools.tell(node, pool, false);
  const fields = { program: pool, ...(released && { lease: released.lease.lease }) };
  // A lease that is not held is released all the same: it ran out, or the node has missed the first answer.
  const notes: readonly Note[] = [{ event: 'lease-release', fields }];
  return released && !released.ended ? { ...EMPTY, status: 204, notes } : failure(404, notes);
}

const STATUS: Readonly<Partial<Record<Claim['kind'], DenialStatus>>> = {
  'bad-pool': 400,
  conflict: 409,
  'none-free': 410,
};
/** What the answer faults make of a claim. */
const STRUCK: Readonly<Record<string, Claim['kind']>> = {
  deny: 'none-free',
  conflict: 'conflict',
  'bad-pool': 'bad-pool',
};
const ERRORS: Readonly<Record<number, string>> = {
  400: 'the pool is not known here',
  404: 'this node holds no lease',
  409: 'the node cannot have this lease',
  410: 'no licence is free',
  503: 'the server cannot answer now',
};
const EMPTY = { headers: {}, body: '', notes: [] } as const;

function refuse(fault: AnswerFault, host: Host, before: readonly Note[]): HttpAnswer {
  const { status, headers, seconds } = unavailable(fault, host);
  const said = failure(status, [...before, { event: 'busy', fields: seconds }]);
  return { ...said, headers: { ...said.headers, ...headers } };
}

function unavailable(fault: AnswerFault, host: Host) {
  const asked = silence(fault, host.wallMs());
  const headers: Record<string, string> = asked ? { 'retry-after': asked.header } : {};
  const seconds: Record<string, number> = asked ? { 'retry-after': asked.seconds } : {};
  return { status: 503, headers, seconds };
}

function failure(status: number, notes: readonly Note[]): HttpAnswer {
  return json(status, { error: ERRORS[status] ?? 'unknown' }, notes);
}

function misfit(status: number, why: string): HttpAnswer {
  const note: Note = { event: 'protocol-error', fields: { why, status } };
  return { ...EMPTY, status, notes: [note], body: `${why}\n` };
}

function json(status: number, value: unknown, notes: readonly Note[]): HttpAnswer {
  const headers = { 'content-type': 'application/json' };
  return { status, headers, body: `${JSON.stringify(value)}\n`, notes };
}

/** Every answer says when it was made, and is signed. */
function signed(answer: HttpAnswer, wallMs: number, secret: string): HttpAnswer {
  const t = Math.floor(wallMs / 1000);
  const headers = {
    ...answer.headers,
    'relay-clock': String(t),
    'relay-signature': signatureOf(t, answer.body, secret),
  };
  return { ...answer, headers };
}
