import { SECOND } from '../../clock/clock.ts';
import { formatDuration } from '../../clock/duration.ts';
import { formatEvent } from '../../trace/format.ts';
import { livesThrough } from '../view/lives.ts';
import { askedAgain } from './fo-3.ts';
import { offersAgain, refusalsOf } from './refusals.ts';
import { broken, counted, couldNotTell, defineRule, kept } from './rule.ts';

export const RT_6 = defineRule({
  id: 'RT-6',
  version: 1,
  obligation:
    'the client treats a definite no (400, 409, 410, 413, a refused record, a denied licence) as final, and does not retry it as an outage',
  source: 'OTLP specification',
  always: false,
  needs: 'a refusal for good reaches a client that lives on for a second, or a licence is denied',
  judge(input) {
    const { view, clients } = input;
    let refusals = 0;
    let denials = 0;
    for (const client of clients) {
      for (const refusal of refusalsOf(view, client.name)) {
        const { status, at, answered } = refusal;
        if (!refusal.final || answered === undefined) continue;
        if (!livesThrough(view.lives(client.name), at, at + SECOND)) continue;
        refusals++;
        const again = offersAgain(view, client.name, refusal);
        if (again === undefined) continue;
        return broken({
          expected: `no other offer of what ${refusal.server} refused for good (${status}) at ${formatDuration(at)}`,
          actual: formatEvent(view.events[again]!),
          by: `offered again ${formatDuration(view.events[again]!.at - at)} later`,
          index: again,
        });
      }
      for (const { index, event } of view.eventsOf(client.name, 'lease-deny')) {
        denials++;
        const again = askedAgain(input, client, index, String(event.fields['program']));
        if (again === undefined) continue;
        return broken({
          expected: `no other lease-request for that run: ${event.actor} denied it at ${formatDuration(event.at)}`,
          actual: formatEvent(view.events[again]!),
          by: 'a denied licence was asked for again',
          index: again,
        });
      }
    }
    if (refusals + denials === 0) return couldNotTell('no server gave a definite no');
    return kept(
      `${counted(refusals, 'refusal')} and ${counted(denials, 'denial')} taken as final, none asked again`,
    );
  },
});
