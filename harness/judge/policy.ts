// What a client owes in figures, as data: which server next, how often, how far apart.
import type { ClientPlan } from '../case/plan.ts';
import type { Nanos } from '../clock/clock.ts';

export interface PhasePolicy {
  /** The face of a server on which the phase takes place. */
  readonly face: string;
  /** Servers in the order in which they are tried, the assigned one first; absent: any order. */
  readonly order?: readonly string[];
  /** Attempts on one server before the next, the first included. */
  readonly attempts: number;
  /** Least time from one attempt on a server to the next one after it failed. */
  readonly gapNs: Nanos;
  /** Stays with the server that answers; otherwise each pass begins at the first of the order. */
  readonly sticky: boolean;
  /** When it goes back to the assigned server: `probe`: tries it every gap; `next-pass`: with the next pass; `never`. */
  readonly failback: 'probe' | 'next-pass' | 'never';
}

/** Absent: the client has no such phase. */
export interface Policy {
  readonly acquire?: PhasePolicy;
  readonly renew?: PhasePolicy;
  readonly upload: PhasePolicy;
  readonly probe: PhasePolicy;
}

/** The policy of the field facts: online sticks, offline switches (Q235786, Q213167, Q226827). */
export function meteringPolicy(client: ClientPlan, servers: readonly string[]): Policy {
  const upload: PhasePolicy = {
    face: 'share',
    order: servers,
    attempts: 1,
    gapNs: client.retryDelayNs,
    sticky: false,
    failback: 'next-pass',
  };
  if (client.mode === 'offline') return { upload, probe: upload };
  const acquire: PhasePolicy = {
    face: 'pipe',
    order: servers,
    attempts: client.attempts,
    gapNs: client.retryDelayNs,
    sticky: true,
    failback: 'probe',
  };
  // A lease is renewed and given back where it was granted, wherever that stands in the list.
  const { order: _, ...anywhere } = acquire;
  return { acquire, renew: { ...anywhere, failback: 'never' }, upload, probe: upload };
}
