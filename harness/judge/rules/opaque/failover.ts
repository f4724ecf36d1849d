import { formatDuration } from '../../../clock/duration.ts';
import { formatEvent } from '../../../trace/format.ts';
import type { Attempt } from '../../view/attempts.ts';
import { livesThrough } from '../../view/lives.ts';
import {
  broken,
  kept,
  nothingSeen,
  type Outcome,
  type RuleCase,
  type RuleClient,
} from '../rule.ts';
import { failureOf, passNs, standsAt } from './connections.ts';

/** FO-2 by connections alone: what fails while no other connection stands calls for a server that is up. */
export function judgeFailover(input: RuleCase): Outcome {
  const { view, clients } = input;
  const kinds = new Map<string, number>();
  const unseen: string[] = [];
  for (const client of clients) {
    const own = view.attemptsBy(client.name);
    unseen.push(...usedMeanwhile(input, own));
    for (const [number, attempt] of own.entries()) {
      const failure = failureOf(view, attempt);
      const holdsAnother = (at: bigint) =>
        own.some((other) => other.index < attempt.index && standsAt(view, other, at));
      if (!failure || holdsAnother(failure.at)) continue;
      const deadline = failure.at + passNs(view, client.plan);
      const available = availableFor(input, client, attempt, failure.at, deadline);
      if (available.length === 0) continue;
      const later = own.slice(number + 1).filter(({ at }) => at <= deadline);
      const used = later.some(
        ({ kind, server }) => kind === 'connect' && available.includes(server),
      );
      // What is good again itself needs no other.
      const again = later.some(
        (other) => other.server === attempt.server && standsAt(view, other, other.at),
      );
      if (!used && (again || view.lastAt < deadline)) continue;
      if (!used)
        return broken({
          expected: `${available.join(' or ')} tried by ${formatDuration(deadline)}, after ${failure.kind} on ${attempt.server}`,
          actual: own[number + 1]
            ? formatEvent(view.events[own[number + 1]!.index]!)
            : 'no attempt on any server any more',
          by: `no failover on ${failure.kind}`,
          index: failure.index,
        });
      kinds.set(failure.kind, (kinds.get(failure.kind) ?? 0) + 1);
    }
  }
  if (kinds.size > 0)
    return kept(
      [...kinds]
        .map(([kind, count]) => `failed over on ${kind} ${count === 1 ? 'once' : `${count} times`}`)
        .join(', '),
    );
  if (!input.seesAttempts && unseen.length > 0) return kept(unseen[0]!);
  return nothingSeen('nothing failed while another server was up', input);
}

function availableFor(
  { view }: RuleCase,
  { name }: RuleClient,
  { server, face, at }: Attempt,
  from: bigint,
  deadline: bigint,
): readonly string[] {
  if (!livesThrough(view.lives(name), at, deadline)) return [];
  return view.plan.servers.filter(
    (other) => other !== server && view.downtimes.clear(other, face, from, deadline),
  );
}

/** Where refused attempts are not seen: a later server in use while an earlier one is down shows that they were made. */
function usedMeanwhile({ view }: RuleCase, own: readonly Attempt[]): readonly string[] {
  return own.flatMap(({ kind, server, face, at }) => {
    const earlier = view.plan.servers.slice(0, view.plan.servers.indexOf(server));
    const away = earlier.find((other) => view.downtimes.down(other, face, at));
    if (kind !== 'connect' || away === undefined || view.downtimes.down(server, face, at))
      return [];
    return [`${server} used at ${formatDuration(at)}, while ${away} was down`];
  });
}
