import { SECOND } from '../../clock/clock.ts';
import { formatDuration } from '../../clock/duration.ts';
import { formatEvent } from '../../trace/format.ts';
import { livesThrough } from '../view/lives.ts';
import { offersAgain, refusalsOf, type Refusal } from './refusals.ts';
import { broken, couldNotTell, defineRule, kept, listed, type RuleCase } from './rule.ts';

/** Content too large (RFC 9110 §15.5.14). */
const TOO_LARGE = 413;

export const SF_9 = defineRule({
  id: 'SF-9',
  version: 1,
  obligation: "the client splits or reports a batch over the server's size limit, does not loop",
  source: 'OTLP specification',
  always: false,
  needs:
    'a server answers 413, and the client lives on for a second. That the batch is reported is not judged: stderr is not in a trace',
  judge(input) {
    const { view, clients } = input;
    const seen: string[] = [];
    let why = 'no batch was over the size limit of a server';
    for (const { name } of clients)
      for (const refusal of refusalsOf(view, name)) {
        const { status, at, answered, server } = refusal;
        if (status !== TOO_LARGE || answered === undefined) continue;
        if (!livesThrough(view.lives(name), at, at + SECOND) || at + SECOND > view.lastAt) {
          why = 'the client did not live on after a batch was refused as too large';
          continue;
        }
        const again = offersAgain(view, name, refusal);
        if (again !== undefined)
          return broken({
            expected: `no other offer of that batch: it was too large for ${server} at ${formatDuration(at)}`,
            actual: formatEvent(view.events[again]!),
            by: `offered again as it was, ${formatDuration(view.events[again]!.at - at)} later`,
            index: again,
          });
        seen.push(`${batchText(refusal)} at ${formatDuration(at)}: ${fate(input, name, refusal)}`);
      }
    return seen.length > 0 ? kept(listed(seen)) : couldNotTell(why);
  },
});

function batchText({ log, usage }: Refusal): string {
  return `${log ?? 'a log'}, ${usage.length > 0 ? `${usage.length} records` : 'unread'}`;
}

function fate({ view }: RuleCase, client: string, { usage, index }: Refusal): string {
  const parts = view
    .eventsOf(client, 'upload-offer')
    .filter(
      (other) =>
        other.index > index &&
        other.event.usage?.some(({ record }) => usage.some((note) => note.record === record)),
    );
  return parts.length > 0 ? `${parts.length} smaller offers` : 'not offered again';
}
