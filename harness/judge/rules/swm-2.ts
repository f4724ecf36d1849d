import { SECOND, type Nanos } from '../../clock/clock.ts';
import { formatDuration } from '../../clock/duration.ts';
import type { TraceEvent } from '../../trace/event.ts';
import { formatEvent } from '../../trace/format.ts';
import { startedAt } from '../view/lives.ts';
import { broken, counted, couldNotTell, defineRule, kept, lastBelow, nothingSeen } from './rule.ts';

export const SWM_2 = defineRule({
  id: 'SWM-2',
  version: 1,
  obligation: 'the client, online, stays with the assigned server while it answers',
  source: 'Q235786',
  always: false,
  needs:
    'an online client asks for a licence; attempts on the assigned server can be seen where it was down',
  judge(input) {
    const { view, clients, seesAttempts } = input;
    let atAssigned = 0;
    let elsewhere = 0;
    let unseen = false;
    for (const { name, policy } of clients) {
      const assigned = policy.acquire?.order?.[0];
      if (!policy.acquire?.sticky || assigned === undefined) continue;
      const { face } = policy.acquire;
      const attempts = view.attemptsOn(name, face, assigned);
      const goods = attempts
        .flatMap(({ answers }) => answers.map((answer) => answer.index))
        .toSorted((a, b) => a - b);
      const busy = view
        .eventsOf(name, 'busy')
        .filter(({ event }) => event.actor === assigned && event.face === face);
      const bads = [
        ...attempts.flatMap(({ failure }) => failure?.index ?? []),
        ...busy.map(({ index }) => index),
      ].toSorted((a, b) => a - b);
      for (const { index, event } of view.eventsOf(name, 'lease-request')) {
        if (event.actor === assigned) {
          atAssigned++;
          continue;
        }
        const bornAt = startedAt(view.lives(name), event.at) ?? 0n;
        const last = lastBelow(goods, indexAfter(view.events, event.at - SECOND));
        const good = last >= 0 && view.events[last]!.at >= bornAt ? view.events[last] : undefined;
        const bad = lastBelow(bads, index);
        // What failed before this process lived, or before the last answer, is no reason.
        if (bad >= 0 && view.events[bad]!.at >= bornAt && (!good || bad > last)) {
          elsewhere++;
          continue;
        }
        if (!seesAttempts && !view.downtimes.clear(assigned, face, good?.at ?? bornAt, event.at)) {
          unseen = true;
          continue;
        }
        return broken({
          expected: `lease-request on ${assigned}.${face}, the assigned server`,
          actual: formatEvent(event),
          by: good
            ? `${assigned}.${face} had answered at ${formatDuration(good.at)} and not failed since`
            : `${assigned}.${face} had not been tried`,
          index,
        });
      }
    }
    if (unseen) return nothingSeen('whether the assigned server had failed was not seen', input);
    if (atAssigned + elsewhere === 0) return couldNotTell('no client asked for a licence');
    const rest = elsewhere > 0 ? `, ${elsewhere} elsewhere after it had failed` : '';
    return kept(`${counted(atAssigned, 'lease-request')} to the assigned server${rest}`);
  },
});

/** Index behind the last event up to that time: what left the server a moment ago the client may not have read yet. */
function indexAfter(events: readonly TraceEvent[], at: Nanos): number {
  let low = 0;
  let high = events.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (events[middle]!.at <= at) low = middle + 1;
    else high = middle;
  }
  return low;
}
