import type { Nanos } from '../../clock/clock.ts';
import type { TraceEvent } from '../../trace/event.ts';
import { arrivalOf, type Arrival, type Indexed } from './arrival.ts';
import { type Life, startedAt } from './lives.ts';

const KINDS = ['connect', 'refused', 'unanswered'] as const;

/** Why an attempt, or the connection that came of it, failed. All but `busy` and `login` mean: not available. */
export type FailureKind =
  | 'refusal'
  | 'reset'
  | 'silence'
  | 'cut'
  /** An answer came that cannot be read, or that answers something else. */
  | 'garbage'
  | '5xx'
  | 'busy'
  | 'login';

export interface Failure {
  readonly kind: FailureKind;
  /** When the client knew. */
  readonly at: Nanos;
  readonly index: number;
  /** Something was asked on the connection, or it was never good for anything. False: it was lost while idle. */
  readonly asked: boolean;
}

/** An answer of a server that arrived, at least perhaps. */
export interface Answered extends Indexed {
  readonly arrival: Arrival;
}

/** One connection attempt of a client, and what came of the connection. */
export interface Attempt {
  readonly client: string;
  readonly server: string;
  readonly face: string;
  readonly index: number;
  readonly at: Nanos;
  readonly kind: (typeof KINDS)[number];
  /** Everything on its connection, the attempt first. */
  readonly events: readonly Indexed[];
  /** Answers that say yes, or a definite no. A welcome is none where the attempt then failed in what it was for. */
  readonly answers: readonly Answered[];
  readonly failure?: Failure;
}

const ANSWERS: ReadonlySet<string> = new Set([
  'probe',
  'hello',
  'lease-grant',
  'lease-deny',
  'lease-renew',
  'lease-release',
  'upload-accept',
  'upload-refuse',
  'configuration',
]);
export const UNAVAILABLE: ReadonlySet<FailureKind> = new Set([
  'refusal',
  'reset',
  'silence',
  'cut',
  'garbage',
  '5xx',
]);

export interface AttemptContext {
  /** Which client an event without `from` is of. */
  readonly onlyClient?: string;
  lives(client: string): readonly Life[];
  /** How long a client waits for a connection that is not answered. */
  connectTimeoutNs(client: string): Nanos;
  /** How long one attempt can take; what lives longer is a connection that had lasted. */
  attemptNs(client: string): Nanos;
}

/** All attempts, in order of time. */
export function attemptsOf(
  events: readonly TraceEvent[],
  context: AttemptContext,
): readonly Attempt[] {
  const connections = new Map<number, Indexed[]>();
  for (const [index, event] of events.entries()) {
    if (event.conn === undefined) continue;
    const connection = connections.get(event.conn);
    if (connection) connection.push({ index, event });
    else connections.set(event.conn, [{ index, event }]);
  }
  return events.flatMap((event, index): Attempt[] => {
    const { actor: server, face, at, conn } = event;
    const client = event.from ?? context.onlyClient;
    const kind = KINDS.find((name) => name === event.event);
    if (kind === undefined || face === undefined || client === undefined) return [];
    const own = conn === undefined ? undefined : connections.get(conn);
    const base = { client, server, face, index, at, kind, events: own ?? [{ index, event }] };
    if (kind !== 'connect') {
      const timeoutNs = kind === 'refused' ? 0n : context.connectTimeoutNs(client);
      const failure: Failure = {
        kind: kind === 'refused' ? 'refusal' : 'silence',
        at: at + timeoutNs,
        index,
        asked: true,
      };
      return [{ ...base, answers: [], failure }];
    }
    const failure = failureOf(base.events, context.lives(client));
    const failedAtOnce =
      failure !== undefined && failure.asked && failure.at - at <= context.attemptNs(client);
    const answers = answersOf(base.events, failedAtOnce);
    return [{ ...base, answers, ...(failure && { failure }) }];
  });
}

/** True for an attempt that failed, not for the loss of a connection that had been good for something. */
export function failed({ failure, answers }: Attempt): boolean {
  return failure !== undefined && failure.asked && answers.length === 0;
}

function answersOf(events: readonly Indexed[], failedAtOnce: boolean): readonly Answered[] {
  return events.flatMap(({ index, event }, position) => {
    if (!ANSWERS.has(event.event) || isNegative(event)) return [];
    if (event.event === 'hello' && failedAtOnce) return [];
    const arrival = arrivalOf(events, position);
    return arrival.state === 'no' ? [] : [{ index, event, arrival }];
  });
}

/** Bytes of Meterproof's own end of TLS (`tls: terminate`), sent before the real server's first have come. */
export function isOfTls({ fields }: TraceEvent): boolean {
  return fields['tls'] === 'own';
}

/** A server that says of itself that it is not available. */
function isNegative({ fields }: TraceEvent): boolean {
  const status = Number(fields['status'] ?? 0);
  return status >= 500 || status === 429;
}

function failureOf(events: readonly Indexed[], lives: readonly Life[]): Failure | undefined {
  let asked = false;
  let answered = false;
  let lost = false;
  let garbled = false;
  let said: Failure | undefined;
  for (const { index, event } of events) {
    const { at, fields } = event;
    const byServer = fields['by'] === 'server';
    const fail = (kind: FailureKind): Failure => ({ kind, at, index, asked: asked || !answered });
    switch (event.event) {
      case 'received':
        asked = true;
        break;
      case 'swallowed':
        asked = true;
        lost = true;
        break;
      case 'answer-lost':
        lost = true;
        break;
      case 'malformed':
        garbled = true;
        break;
      case 'bye':
        asked = false;
        break;
      case 'sent':
        if (isOfTls(event)) break;
        answered = true;
        asked = false;
        break;
      case 'busy':
        said ??= { kind: 'busy', at, index, asked: true };
        break;
      case 'login-refused':
        said ??= { kind: 'login', at, index, asked: true };
        break;
      case 'reset':
      case 'close':
        if (said) return said;
        if (garbled) return { ...fail('garbage'), asked: true };
        if (lost) return { ...fail(byServer ? 'cut' : 'silence'), asked: true };
        if (byServer && event.event === 'reset') return fail('reset');
        if (!byServer && startedAt(lives, at) === undefined) return undefined;
        if (byServer) return asked || !answered ? fail('cut') : undefined;
        return asked || !answered ? fail('silence') : undefined;
      default:
        if (isNegative(event)) said ??= { kind: '5xx', at, index, asked: true };
    }
  }
  return said;
}
