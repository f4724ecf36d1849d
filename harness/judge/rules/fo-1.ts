import { formatDuration } from '../../clock/duration.ts';
import { formatEvent } from '../../trace/format.ts';
import type { Attempt } from '../view/attempts.ts';
import { startedAt } from '../view/lives.ts';
import { heldAt, leasesOf } from './leases.ts';
import { judgeOrder } from './opaque/order.ts';
import {
  broken,
  defineRule,
  kept,
  listed,
  nothingSeen,
  type RuleCase,
  type RuleClient,
} from './rule.ts';

/** An attempt, and the servers that the order puts before it and that were passed over. */
interface Step {
  readonly attempt: Attempt;
  readonly passedOver: readonly string[];
  /** It went on to another server than the first. */
  readonly movedOn: boolean;
}

export const FO_1 = defineRule({
  id: 'FO-1',
  version: 1,
  obligation: "the client tries servers in its policy's order",
  source: 'RFC 5321 §5.1',
  always: false,
  needs: 'a client goes on to another server; attempts can be seen',
  judgeOpaque: judgeOrder,
  judge(input) {
    const { view, clients } = input;
    const moves: string[] = [];
    for (const client of clients)
      for (const { attempt, passedOver, movedOn } of [
        ...uploadSteps(input, client),
        ...acquireSteps(input, client),
      ]) {
        const place = `${attempt.server}.${attempt.face}`;
        if (passedOver.length > 0)
          return broken({
            expected: `${passedOver.join(', then ')} before ${place}: the order is ${view.plan.servers.join(', ')}`,
            actual: formatEvent(view.events[attempt.index]!),
            by: `${passedOver.join(', ')} passed over`,
            index: attempt.index,
          });
        if (movedOn) moves.push(`${place} at ${formatDuration(attempt.at)}`);
      }
    if (moves.length > 0) return kept(`in order to ${listed(moves)}`);
    return nothingSeen('no client went on to another server', input);
  },
});

/** Each pass goes through the list from its beginning. */
function uploadSteps(input: RuleCase, client: RuleClient): readonly Step[] {
  const { face, order } = client.policy.upload;
  if (!order) return [];
  const attempts = input.view.attemptsOn(client.name, face);
  const last = new Map<string, Attempt>();
  let current = -1;
  let bornAt: bigint | undefined;
  return attempts.map((attempt): Step => {
    const born = startedAt(input.view.lives(client.name), attempt.at);
    if (born !== bornAt) current = -1;
    bornAt = born;
    const place = order.indexOf(attempt.server);
    const excused = (server: string): boolean =>
      isExcused(input, last.get(server), attempt, server);
    const between = order
      .slice(current + 1, Math.max(place, current + 1))
      .filter((s) => !excused(s));
    const fromStart = order.slice(0, place).filter((server) => !excused(server));
    const goesOn = place >= current;
    const passedOver = goesOn && between.length <= fromStart.length ? between : fromStart;
    const movedOn = place > current && place > 0;
    current = place;
    last.set(attempt.server, attempt);
    return { attempt, passedOver, movedOn };
  });
}

/**
 * A sticky client moves on one by one; it may go back to the assigned server at any time, and to any server
 * whose licence it holds.
 */
function acquireSteps(input: RuleCase, client: RuleClient): readonly Step[] {
  const { acquire } = client.policy;
  if (!acquire?.order) return [];
  const { face, order } = acquire;
  const { view } = input;
  const attempts = view.attemptsOn(client.name, face);
  const leases = leasesOf(view, client.name);
  const last = new Map<string, Attempt>();
  let reached = new Set<string>();
  let bornAt: bigint | undefined;
  return attempts.map((attempt): Step => {
    const born = startedAt(view.lives(client.name), attempt.at);
    if (born !== bornAt) reached = new Set();
    bornAt = born;
    const { server } = attempt;
    const place = order.indexOf(server);
    const before = place > 0 ? order[place - 1]! : undefined;
    const held = heldAt(leases, attempt.at).some((lease) => lease.server === server);
    const fine =
      before === undefined ||
      held ||
      reached.has(server) ||
      reached.has(before) ||
      isExcused(input, last.get(before), attempt, before);
    const movedOn = place > 0 && !held && !reached.has(server);
    // Back at the assigned server the next outage begins a new round.
    if (place === 0 && attempt.answers.length > 0) reached = new Set();
    reached.add(server);
    last.set(server, attempt);
    return { attempt, passedOver: fine ? [] : [before], movedOn };
  });
}

/** Passed over with reason: the server itself asked for silence, or the attempt on it could not be seen. */
function isExcused(
  { view, seesAttempts }: RuleCase,
  last: Attempt | undefined,
  { face, at }: Attempt,
  server: string,
): boolean {
  if (last?.failure && ['5xx', 'login', 'busy'].includes(last.failure.kind)) return true;
  return !seesAttempts && view.downtimes.down(server, face, at);
}
