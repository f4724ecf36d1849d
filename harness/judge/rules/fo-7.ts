import { formatDuration } from '../../clock/duration.ts';
import { formatEvent } from '../../trace/format.ts';
import { arrivalOf } from '../view/arrival.ts';
import { livesThrough } from '../view/lives.ts';
import { heldAt, type Lease, leasesOf } from './leases.ts';
import {
  broken,
  couldNotTell,
  defineRule,
  kept,
  listed,
  type RuleCase,
  type RuleClient,
} from './rule.ts';
import { isSilenced, silencesOf } from './silences.ts';

export const FO_7 = defineRule({
  id: 'FO-7',
  version: 1,
  obligation: 'the client lets no lease lapse while a server that could renew it is reachable',
  source: 'field issues',
  always: false,
  needs:
    'a licence is held for longer than a server keeps one without a sign of life, or lapses while it could have been renewed',
  judge(input) {
    const { view, clients } = input;
    const held: string[] = [];
    let why = 'no licence was held for longer than a server keeps one without a sign of life';
    for (const client of clients) {
      if (!client.policy.renew) continue;
      for (const lease of leasesOf(view, client.name)) {
        const { ended, grantedAt, server } = lease;
        const lapsed = ended?.by === 'server';
        const until = ended?.at ?? view.lastAt;
        if (!lapsed) {
          const long = until - grantedAt > view.plan.timedOutAfterNs;
          if (long && livesThrough(view.lives(client.name), grantedAt, until - 1n))
            held.push(`${lease.lease} of ${server} held for ${formatDuration(until - grantedAt)}`);
          continue;
        }
        const reachable = reachableFor(input, client, lease);
        if (reachable === undefined) {
          why = `${lease.lease} lapsed at ${formatDuration(until)}, when nobody needed it or could have renewed it`;
          continue;
        }
        return broken({
          expected: `${lease.lease} renewed: ${server} had been reachable for ${reachable}, and ${lease.program} was running`,
          actual: formatEvent(view.events[ended.index]!),
          by: `it lapsed ${formatDuration(until - grantedAt)} after it was granted`,
          index: ended.index,
        });
      }
    }
    return held.length > 0 ? kept(listed(held)) : couldNotTell(why);
  },
});

/** For how long its server could have been told, where that was long enough; undefined: the client is excused. */
function reachableFor(
  input: RuleCase,
  { name, plan, policy }: RuleClient,
  lease: Lease,
): string | undefined {
  const { view } = input;
  const { server, program, grantedAt, grantIndex, ended } = lease;
  const { face, everyNs, gapNs } = policy.renew!;
  const to = ended!.at;
  const neededNs = (everyNs ?? 0n) + gapNs + view.passNs(plan);
  const from = to - neededNs;
  const isRunning = view
    .runs(name)
    .some(
      (run) =>
        run.program === program &&
        run.startAt <= grantedAt &&
        (run.stopAt === undefined || run.stopAt > to),
    );
  // The server has fewer licences now: nothing could have renewed it.
  const taken = view.events.some(
    ({ event, actor, at }) => event === 'seats' && actor === server && at === to,
  );
  const elsewhere = heldAt(leasesOf(view, name), to).some(
    (other) => other.program === program && other.server !== server,
  );
  const refused = view.eventsOf(name, 'login-refused').some(({ index }) => index < ended!.index);
  // RT-5 wins: the server itself asked for silence.
  const silenced = isSilenced(silencesOf(input, name), face, { from, to, server });
  const told =
    from >= grantedAt &&
    hasArrived(input, name, grantIndex) &&
    livesThrough(view.lives(name), grantedAt, to) &&
    view.downtimes.clear(server, face, from, to);
  return told && isRunning && !taken && !elsewhere && !refused && !silenced
    ? formatDuration(neededNs)
    : undefined;
}

/** A licence whose grant was lost is unknown to the client. */
function hasArrived({ view }: RuleCase, client: string, grantIndex: number): boolean {
  const at = view.connectionAt(client, grantIndex);
  return at !== undefined && arrivalOf(at.connection, at.position).state === 'yes';
}
