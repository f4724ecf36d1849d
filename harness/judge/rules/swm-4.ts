import type { Nanos } from '../../clock/clock.ts';
import { formatDuration } from '../../clock/duration.ts';
import { arrivalOf } from '../view/arrival.ts';
import { livesThrough } from '../view/lives.ts';
import type { View } from '../view/view.ts';
import { type Lease, leasesOf } from './leases.ts';
import {
  broken,
  couldNotTell,
  defineRule,
  kept,
  listed,
  type RuleCase,
  type RuleClient,
} from './rule.ts';

export const SWM_4 = defineRule({
  id: 'SWM-4',
  version: 1,
  obligation:
    'the client, after a switch, releases the licence that it held on the first server once that server is back, and never holds two seats for one run longer than that',
  source: 'Q226838',
  always: false,
  needs:
    'a run holds a licence of the assigned server and one of another, and the first server is back for long enough',
  judge(input) {
    const { view, clients } = input;
    const released: string[] = [];
    let why = 'no run ever held a licence of the assigned server and one of another';
    for (const client of clients)
      for (const { first, second } of doubles(input, client)) {
        const held = `${first.lease} on ${first.server}`;
        const due = dueOf(input, client, first, second);
        if (first.ended && (!due || first.ended.at <= due.deadline)) {
          if (first.ended.by === 'client')
            released.push(`${held} released at ${formatDuration(first.ended.at)}`);
          else why = `${held} was taken back by the server`;
          continue;
        }
        if (!due) {
          why = `${first.server} did not come back for long enough`;
          continue;
        }
        const late = first.ended && first.ended.at - due.deadline;
        return broken({
          expected: `lease-release of ${first.lease} on ${first.server} by ${formatDuration(due.deadline)}: it was back at ${formatDuration(due.back)}`,
          actual: first.ended
            ? `it ended at ${formatDuration(first.ended.at)}`
            : 'it was never released',
          by:
            late === undefined
              ? `two seats for ${first.program}: ${first.lease} and ${second.lease}`
              : `${formatDuration(late)} too late`,
          ...(late !== undefined && { marginNs: late }),
          index: view.events.findLastIndex(({ at }) => at <= due.deadline),
        });
      }
    return released.length > 0 ? kept(listed(released)) : couldNotTell(why);
  },
});

/** Leases of the assigned server that were still held when another granted one for the same run. */
function doubles(
  { view }: RuleCase,
  { name, policy }: RuleClient,
): readonly { first: Lease; second: Lease }[] {
  const assigned = policy.acquire?.order?.[0];
  const leases = leasesOf(view, name);
  return leases
    .filter((lease) => lease.server === assigned && mayBeKnown(view, name, lease))
    .flatMap((first) => {
      const run = view
        .runs(name)
        .findLast(
          ({ program, startAt }) => program === first.program && startAt <= first.grantedAt,
        );
      const second = leases.find(
        (lease) =>
          lease.server !== assigned &&
          lease.program === first.program &&
          lease.grantIndex > first.grantIndex &&
          (run?.stopAt === undefined || lease.grantedAt <= run.stopAt) &&
          (!first.ended || first.ended.index > lease.grantIndex),
      );
      return second ? [{ first, second }] : [];
    });
}

/** A grant that never arrived is unknown to the client: it cannot give back what it does not know of. */
function mayBeKnown(view: View, name: string, { grantIndex }: Lease): boolean {
  const at = view.connectionAt(name, grantIndex);
  return !at || arrivalOf(at.connection, at.position).state !== 'no';
}

/** When the first server was back for good, and by when the client had to have found it. */
function dueOf(
  { view }: RuleCase,
  { name, plan, policy }: RuleClient,
  first: Lease,
  second: Lease,
): { back: Nanos; deadline: Nanos } | undefined {
  const { face, gapNs } = policy.probe;
  const { downtimes } = view;
  const backs = [
    ...(downtimes.down(first.server, face, second.grantedAt) ? [] : [second.grantedAt]),
    ...downtimes.returns(first.server, face, second.grantedAt),
  ];
  for (const back of backs) {
    const deadline = back + gapNs + view.passNs(plan);
    const judged =
      deadline <= view.lastAt &&
      downtimes.clear(first.server, face, back, deadline) &&
      livesThrough(view.lives(name), back, deadline);
    if (judged) return { back, deadline };
  }
  return undefined;
}
