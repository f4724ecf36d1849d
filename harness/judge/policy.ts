// What a client owes in figures, as data: which server next, how often, how far apart, how long it waits.
import type { ClientPlan, StatedPhase, StatedPolicy } from '../case/plan.ts';
import { SECOND, type Nanos } from '../clock/clock.ts';

/** How long a client waits before it gives a server up, by what it waits for. */
export interface TimeoutsPolicy {
  readonly connectNs: Nanos;
  /** For the first answer on a connection. */
  readonly handshakeNs: Nanos;
  readonly answerNs: Nanos;
  /** The watchdog interval of a connection on which nothing is asked; absent: it may stay idle for ever. */
  readonly idleNs?: Nanos;
}

/**
 * When a client goes back to a server that it has left: at its next pass or acquire, whatever it knows of that server; after
 * so many good answers of it; or never.
 */
export type Failback =
  | { readonly kind: 'never' | 'at-next-acquire' }
  | { readonly kind: 'after-probes'; readonly probes: number };

export interface PhasePolicy {
  /** The face of a server on which the phase takes place. */
  readonly face: string;
  /** Servers in the order in which they are tried, the assigned one first; absent: any order. */
  readonly order?: readonly string[];
  /** Attempts on one server before the next, the first included. */
  readonly attempts: number;
  /** Least time from one attempt on a server to the next one after it failed. */
  readonly gapNs: Nanos;
  /** By how much of itself the gap is spread by chance, 0 to 1; 0: a fixed pace. */
  readonly jitter: number;
  readonly timeouts: TimeoutsPolicy;
  /** Stays with the server that answers; otherwise each pass begins at the first of the order. */
  readonly sticky: boolean;
  readonly failback: Failback;
  /** A connection that was good for that long may be made again at once. */
  readonly provedAfterNs: Nanos;
  /** How often the phase falls due by itself, counted in elapsed time; absent: when it is needed. */
  readonly everyNs?: Nanos;
}

/** What one usage record stands for: a run of a program, an interval of one, or a reading of a counter. */
export type RecordModel = NonNullable<StatedPolicy['records']>;

/** Absent: the client has no such phase. */
export interface Policy {
  readonly records: RecordModel;
  readonly acquire?: PhasePolicy;
  readonly renew?: PhasePolicy;
  readonly upload: PhasePolicy;
  /** Looking whether a server that was left is back. */
  readonly probe: PhasePolicy;
}

/** The policy of the field facts: online sticks, offline switches (Q235786, Q213167, Q226827). */
export function meteringPolicy(client: ClientPlan, servers: readonly string[]): Policy {
  const common = {
    gapNs: client.retryDelayNs,
    jitter: client.retryJitter ?? 0,
    timeouts: {
      connectNs: client.connectTimeoutNs,
      handshakeNs: client.answerTimeoutNs,
      answerNs: client.answerTimeoutNs,
    },
    provedAfterNs: 10n * SECOND,
  };
  const upload: PhasePolicy = {
    ...common,
    face: 'share',
    order: servers,
    attempts: 1,
    sticky: false,
    failback: { kind: 'at-next-acquire' },
    everyNs: client.pollingIntervalNs,
  };
  if (client.mode === 'offline') return { records: 'per-run', upload, probe: upload };
  const acquire: PhasePolicy = {
    ...common,
    face: 'pipe',
    order: servers,
    attempts: client.attempts,
    sticky: true,
    failback: { kind: 'after-probes', probes: 1 },
  };
  // A lease is renewed and given back where it was granted, wherever that stands in the list.
  const { order: _, ...anywhere } = acquire;
  return {
    records: 'per-run',
    acquire,
    renew: { ...anywhere, failback: { kind: 'never' }, everyNs: client.liveStatusIntervalNs },
    upload,
    probe: { ...acquire, attempts: 1 },
  };
}

/** The policy by which a client is judged: that of the field facts, with what its profile states. */
export function policyOf(
  client: ClientPlan,
  servers: readonly string[],
  stated: StatedPolicy | undefined,
): Policy {
  const ways = meteringPolicy(client, servers);
  if (!stated) return ways;
  const { phases = {}, records = ways.records } = stated;
  const own = (phase: PhasePolicy, patch: StatedPhase = {}): PhasePolicy =>
    statedPhase(phase, { order: stated.order, ...patch }, servers);
  return {
    records,
    ...(ways.acquire && { acquire: own(ways.acquire, phases.acquire) }),
    ...(ways.renew && { renew: own(ways.renew, { order: 'any', ...phases.renew }) }),
    upload: own(ways.upload, phases.upload),
    probe: own(ways.probe, phases.probe),
  };
}

function statedPhase(
  ways: PhasePolicy,
  stated: StatedPhase,
  servers: readonly string[],
): PhasePolicy {
  const { order, connectNs, handshakeNs, answerNs, idleNs, failback, probes = 1, ...rest } = stated;
  const { order: _, ...phase } = ways;
  return {
    ...phase,
    ...rest,
    ...(order !== 'any' && { order: servers }),
    timeouts: {
      ...ways.timeouts,
      ...(connectNs !== undefined && { connectNs }),
      ...(handshakeNs !== undefined && { handshakeNs }),
      ...(answerNs !== undefined && { answerNs }),
      ...(idleNs !== undefined && { idleNs }),
    },
    ...(failback && {
      failback: failback === 'after-probes' ? { kind: failback, probes } : { kind: failback },
    }),
  };
}
