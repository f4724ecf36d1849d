import type { Nanos } from '../../clock/clock.ts';
import { formatDuration } from '../../clock/duration.ts';
import type { PhasePolicy } from '../policy.ts';
import { livesThrough } from '../view/lives.ts';
import { judgePrimaryReturns } from './opaque/primary-returns.ts';
import {
  broken,
  couldNotTell,
  defineRule,
  kept,
  listed,
  pendingAt,
  type RuleCase,
  type RuleClient,
} from './rule.ts';

/** What a client needs the servers for, on one face, and how soon it must find one. */
interface Need {
  readonly phase: PhasePolicy;
  /** Events that show the primary in use. */
  readonly uses: readonly string[];
  readonly withinNs: Nanos;
  readonly is: (from: Nanos, to: Nanos) => boolean;
}

export const FO_6 = defineRule({
  id: 'FO-6',
  version: 1,
  obligation: 'the client, when all are down and only the primary returns, finds it and uses it',
  source: 'field runs',
  always: false,
  needs: 'all servers are down, only the first returns, and it is needed for long enough',
  judgeOpaque: judgePrimaryReturns,
  judge(input) {
    const { view, clients } = input;
    const found: string[] = [];
    let why = 'the primary never returned alone after all servers had been down';
    for (const client of clients)
      for (const { phase, uses, withinNs, is } of needsOf(input, client)) {
        const [primary, ...others] = phase.order ?? [];
        const { downtimes } = view;
        if (primary === undefined || others.length === 0) continue;
        for (const back of downtimes.returns(primary, phase.face, 0n)) {
          if (!others.every((server) => downtimes.down(server, phase.face, back))) continue;
          const deadline = back + withinNs;
          const place = `${primary}.${phase.face}`;
          const used = view
            .eventsOf(client.name, ...uses)
            .find(
              ({ event }) =>
                event.actor === primary && event.face === phase.face && event.at >= back,
            );
          const judged =
            is(back, deadline) &&
            downtimes.clear(primary, phase.face, back, deadline) &&
            others.every((server) => downtimes.down(server, phase.face, deadline)) &&
            livesThrough(view.lives(client.name), back, deadline) &&
            deadline <= view.lastAt;
          const inTime = used && used.event.at <= deadline;
          if (inTime && others.every((server) => downtimes.down(server, phase.face, used.event.at)))
            found.push(
              `${place}, back at ${formatDuration(back)}, used at ${formatDuration(used.event.at)}`,
            );
          else if (judged) {
            const late = used && used.event.at - deadline;
            return broken({
              expected: `${uses.join(' or ')} on ${place} by ${formatDuration(deadline)}: it alone was back at ${formatDuration(back)}`,
              actual: used
                ? `not before ${formatDuration(used.event.at)}`
                : 'it was never used again',
              by:
                late === undefined
                  ? 'the only server that was up was not found'
                  : `${formatDuration(late)} too late`,
              ...(late !== undefined && { marginNs: late }),
              index: view.events.findLastIndex(({ at }) => at <= deadline),
            });
          } else
            why = `${place} was back alone at ${formatDuration(back)}, but not needed, or not for long enough`;
        }
      }
    return found.length > 0 ? kept(listed(found)) : couldNotTell(why);
  },
});

function needsOf(input: RuleCase, client: RuleClient): readonly Need[] {
  const { view } = input;
  const { plan, policy, name } = client;
  const passNs = view.passNs(plan);
  const upload: Need = {
    phase: policy.upload,
    uses: ['upload-accept'],
    // The passes may just have been used up: then the next poll comes first.
    withinNs: (policy.upload.everyNs ?? policy.upload.gapNs) + passNs,
    is: (from) => pendingAt(input, name, from, from).length > 0,
  };
  if (!policy.acquire) return [upload];
  const rounds = BigInt(view.plan.servers.length) * BigInt(policy.acquire.attempts) + 1n;
  const acquire: Need = {
    phase: policy.acquire,
    uses: ['hello', 'lease-request', 'lease-grant'],
    withinNs: rounds * policy.acquire.gapNs + passNs,
    is: (from, to) =>
      view
        .runs(name)
        .some(
          ({ startAt, stopAt, denied }) => !denied && startAt <= from && (stopAt ?? to + 1n) > to,
        ),
  };
  return [upload, acquire];
}
