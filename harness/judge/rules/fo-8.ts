import { formatDuration } from '../../clock/duration.ts';
import { formatEvent } from '../../trace/format.ts';
import {
  broken,
  counted,
  couldNotTell,
  defineRule,
  kept,
  listed,
  type RuleCase,
  type RuleClient,
} from './rule.ts';
import type { Indexed } from '../view/arrival.ts';
import type { View } from '../view/view.ts';
import { endsAllLeases } from './leases.ts';

/** A licence that a server counts for a client, and whether something happened since that may have made it forget. */
interface Seat {
  readonly lease: string;
  readonly index: number;
  upset: string | undefined;
}

export const FO_8 = defineRule({
  id: 'FO-8',
  version: 1,
  obligation:
    'the client is one holder: after a crash, a partition or a server restart it resumes its seat under the same holder identity and takes no second one',
  source: 'field issues',
  always: false,
  needs:
    'a client asks for a licence again, or gives it back, after a crash, a broken connection or a restart of the server',
  judge(input) {
    const resumed: string[] = [];
    for (const client of input.clients) {
      const second = follow(input, client, resumed);
      if (second) return second;
    }
    if (resumed.length === 0)
      return couldNotTell(
        'no client asked for a licence, or gave it back, after a crash, a partition or a server restart',
      );
    return kept(`${counted(resumed.length, 'seat')}: ${listed(resumed)}`);
  },
});

/** What may bear on the seats of a client: its own events, losses of its connections, restarts of servers. */
function eventsFor(
  view: View,
  name: string,
  losses: ReadonlyMap<number, string>,
): readonly Indexed[] {
  const restarts = view.once('restarts of any kind', () =>
    [...view.events.keys()].filter((index) => view.events[index]!.event === 'restart'),
  );
  const own = view.around(name).map(({ index }) => index);
  return [...new Set([...own, ...losses.keys(), ...restarts])]
    .toSorted((a, b) => a - b)
    .map((index) => ({ index, event: view.events[index]! }));
}

/** Goes through the events of one client; what it resumed is added to `resumed`. */
function follow(
  { view }: RuleCase,
  { name, policy }: RuleClient,
  resumed: string[],
): ReturnType<typeof broken> | undefined {
  if (!policy.acquire) return undefined;
  const losses = new Map(
    view
      .attemptsOn(name, policy.acquire.face)
      .flatMap(({ failure, server }) => (failure ? [[failure.index, server] as const] : [])),
  );
  const seats = new Map<string, Seat>();
  const upset = (why: string, server?: string): void => {
    for (const [key, seat] of seats)
      if (server === undefined || key.startsWith(`${server} `)) seat.upset ??= why;
  };
  for (const { index, event } of eventsFor(view, name, losses)) {
    const { actor, fields, at } = event;
    const lost = losses.get(index);
    if (lost !== undefined) upset('a broken connection', lost);
    if (actor === name && (event.event === 'kill' || event.event === 'exit')) upset('a crash');
    if (endsAllLeases(event))
      for (const key of seats.keys()) if (key.startsWith(`${actor} `)) seats.delete(key);
    if (event.event === 'restart') upset('a restart of the server', actor);
    if (view.clientOf(event) !== name) continue;
    const lease = String(fields['lease']);
    if (event.event === 'lease-grant') {
      const key = `${actor} ${String(fields['program'])}`;
      const held = seats.get(key);
      if (held && held.lease !== lease)
        return broken({
          expected: `${held.lease} again: ${actor} had granted it for ${String(fields['program'])}, and it was not given back`,
          actual: formatEvent(event),
          by: `two seats${held.upset ? ` after ${held.upset}` : ''}: ${held.lease} and ${lease}`,
          index,
        });
      if (held?.upset)
        resumed.push(`${lease} resumed at ${formatDuration(at)} after ${held.upset}`);
      seats.set(key, { lease, index, upset: undefined });
    } else if (event.event === 'lease-release' || event.event === 'lease-reclaim') {
      const [key, seat] = [...seats].find(
        ([place, other]) => place.startsWith(`${actor} `) && other.lease === lease,
      ) ?? [undefined, undefined];
      if (key === undefined || !seat) continue;
      if (seat.upset && event.event === 'lease-release')
        resumed.push(`${lease} given back at ${formatDuration(at)} after ${seat.upset}`);
      seats.delete(key);
    }
  }
  return undefined;
}
