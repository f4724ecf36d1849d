import { SECOND } from '../../clock/clock.ts';
import { formatDuration } from '../../clock/duration.ts';
import { formatEvent } from '../../trace/format.ts';
import { arrivalOf } from '../view/arrival.ts';
import { livesThrough } from '../view/lives.ts';
import { broken, couldNotTell, defineRule, kept, listed } from './rule.ts';

export const SWM_11 = defineRule({
  id: 'SWM-11',
  version: 1,
  obligation: 'the client honours a granted callback: it asks within the grace period, once',
  source: 'Q226823',
  always: false,
  needs: 'a `callback` that names its `grace` reaches a client whose program still waits for it',
  judge({ view, clients, divisor }) {
    const honoured: string[] = [];
    let why = 'no client was called back';
    for (const { name } of clients)
      for (const { server, face, events } of view.attemptsBy(name))
        for (const [position, { index, event }] of events.entries()) {
          if (event.event !== 'callback') continue;
          const program = String(event.fields['program']);
          const { state, at } = arrivalOf(events, position);
          const grace = Number(event.fields['grace'] ?? 0);
          if (state !== 'yes' || !(grace > 0)) {
            why = 'the call did not reach the client for sure, or named no time';
            continue;
          }
          const deadline = at! + (BigInt(Math.round(grace * divisor * 1000)) * SECOND) / 1000n;
          const again = view.events.findIndex(
            (other, place) =>
              place > index &&
              other.actor === name &&
              other.event === 'command' &&
              other.fields['name'] === 'start-program' &&
              other.fields['program'] === program,
          );
          const asked = view
            .eventsOf(name, 'lease-request')
            .filter(
              (other) =>
                other.index > index &&
                other.event.actor === server &&
                other.event.fields['program'] === program,
            );
          const [first, second] = asked;
          const call = `${server} called at ${formatDuration(event.at)}`;
          // A new start of the program may ask for itself.
          if (second && second.event.at <= deadline && (again < 0 || again > second.index))
            return broken({
              expected: `one lease-request for ${program}: ${call}`,
              actual: formatEvent(second.event),
              by: 'asked twice',
              index: second.index,
            });
          if (first && first.event.at <= deadline) {
            honoured.push(
              `${call} for ${program}, asked ${formatDuration(first.event.at - event.at)} later`,
            );
            continue;
          }
          const judged =
            deadline <= view.lastAt &&
            livesThrough(view.lives(name), event.at, deadline) &&
            view.downtimes.clear(server, face, event.at, deadline) &&
            view
              .runs(name)
              .some(
                (run) =>
                  run.program === program &&
                  run.startAt <= event.at &&
                  (run.stopAt === undefined || run.stopAt > deadline),
              );
          why = 'nobody wanted the licence any more, or nobody could ask for it';
          if (!judged) continue;
          return broken({
            expected: `lease-request for ${program} on ${server}.${face} by ${formatDuration(deadline)}: ${call}`,
            actual: first ? formatEvent(first.event) : 'it was never asked for',
            by: first
              ? `${formatDuration(first.event.at - deadline)} too late`
              : 'the call was lost',
            ...(first && { marginNs: first.event.at - deadline }),
            index,
          });
        }
    return honoured.length > 0 ? kept(listed(honoured)) : couldNotTell(why);
  },
});
