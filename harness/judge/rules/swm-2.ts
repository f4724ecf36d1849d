import { SECOND } from '../../clock/clock.ts';
import { formatDuration } from '../../clock/duration.ts';
import { formatEvent } from '../../trace/format.ts';
import { startedAt } from '../view/lives.ts';
import { broken, counted, couldNotTell, defineRule, kept, nothingSeen } from './rule.ts';

export const SWM_2 = defineRule({
  id: 'SWM-2',
  version: 1,
  obligation: 'the client, online, stays with the assigned server while it answers',
  source: 'Q235786',
  always: false,
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
      for (const { index, event } of view.eventsOf(name, 'lease-request')) {
        if (event.actor === assigned) {
          atAssigned++;
          continue;
        }
        const bornAt = startedAt(view.lives(name), event.at) ?? 0n;
        const good = attempts
          .flatMap(({ answers }) => answers)
          // What left the server a moment ago the client may not have read yet.
          .findLast((answer) => answer.event.at + SECOND <= event.at && answer.event.at >= bornAt);
        const bad = attempts.findLast(
          ({ failure, at }) => failure && failure.index < index && at >= bornAt,
        );
        const lost = attempts.some(
          ({ failure }) =>
            failure &&
            failure.index < index &&
            failure.index > (good?.index ?? -1) &&
            failure.at >= bornAt,
        );
        if (lost || (bad && !good)) {
          elsewhere++;
          continue;
        }
        if (
          !seesAttempts &&
          !view.downtimes.clear(assigned, face, good?.event.at ?? bornAt, event.at)
        ) {
          unseen = true;
          continue;
        }
        return broken({
          expected: `lease-request on ${assigned}.${face}, the assigned server`,
          actual: formatEvent(event),
          by: good
            ? `${assigned}.${face} had answered at ${formatDuration(good.event.at)} and not failed since`
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
