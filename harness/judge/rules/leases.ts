// Which licences a client held where, as the servers saw it.
import type { Nanos } from '../../clock/clock.ts';
import type { TraceEvent } from '../../trace/event.ts';
import type { View } from '../view/view.ts';

export interface Lease {
  readonly server: string;
  readonly lease: string;
  readonly program: string;
  readonly grantedAt: Nanos;
  readonly grantIndex: number;
  /** Given back by the client, taken back by the server, or forgotten by one that was restarted. */
  readonly ended?: {
    readonly at: Nanos;
    readonly index: number;
    readonly by: 'client' | 'server' | 'restart';
  };
}

/** All leases of a client in the order of their grants; asked again for the same one it is the same lease. */
export function leasesOf(view: View, client: string): readonly Lease[] {
  return view.once(`leases ${client}`, () => followLeases(view, client));
}

function followLeases(view: View, client: string): readonly Lease[] {
  const leases: { -readonly [key in keyof Lease]: Lease[key] }[] = [];
  const latest = new Map<string, (typeof leases)[number]>();
  const restarts = view.once('restarts', () =>
    [...view.events.entries()]
      .filter(([, event]) => endsAllLeases(event))
      .map(([index, event]) => ({ index, event })),
  );
  const words = view.eventsOf(client, 'lease-grant', 'lease-release', 'lease-reclaim');
  for (const { index, event } of [...words, ...restarts].toSorted((a, b) => a.index - b.index)) {
    if (endsAllLeases(event)) {
      for (const other of latest.values())
        if (other.server === event.actor) other.ended ??= { at: event.at, index, by: 'restart' };
      continue;
    }
    const lease = String(event.fields['lease']);
    const key = JSON.stringify([event.actor, lease]);
    const known = latest.get(key);
    if (event.event !== 'lease-grant') {
      const by = event.event === 'lease-release' ? 'client' : 'server';
      if (known) known.ended ??= { at: event.at, index, by };
    } else if (!known || known.ended) {
      const granted = {
        server: event.actor,
        lease,
        program: String(event.fields['program']),
        grantedAt: event.at,
        grantIndex: index,
      };
      leases.push(granted);
      latest.set(key, granted);
    }
  }
  return leases;
}

/** A server that is restarted without its state has granted nothing. */
export function endsAllLeases({ event, fields }: TraceEvent): boolean {
  return event === 'restart' && fields['state'] === 'lost';
}

/** Those that were granted by then and had not ended. */
export function heldAt(leases: readonly Lease[], at: Nanos): readonly Lease[] {
  return leases.filter(({ grantedAt, ended }) => grantedAt <= at && (!ended || ended.at > at));
}
