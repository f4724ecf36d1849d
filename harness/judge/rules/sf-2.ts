import { formatDuration } from '../../clock/duration.ts';
import { formatEvent } from '../../trace/format.ts';
import { isOwed } from '../ledger.ts';
import { isFinal } from '../view/records.ts';
import { broken, counted, couldNotTell, defineRule, kept } from './rule.ts';

export const SF_2 = defineRule({
  id: 'SF-2',
  version: 1,
  obligation:
    'the client deletes a record only after the right positive acknowledgement: not after a cut, garbled or negative one',
  source: 'RFC 6733 §9.4',
  always: true,
  needs: 'an offer is not acknowledged, and the drain is over',
  judge({ view, ledger, clients }) {
    if (view.drainedAt === undefined || view.endAt === undefined)
      return couldNotTell('the drain did not come to its end');
    let resent = 0;
    for (const { name } of clients)
      for (const { record, offers, acknowledgedAt } of view.records(name)) {
        const unacknowledged = offers.filter(({ arrival, answer }) => {
          const accepted = answer?.event === 'upload-accept' && arrival.state !== 'no';
          return !accepted && !isFinal(answer);
        });
        const [first] = unacknowledged;
        const last = offers.at(-1)!;
        if (!first) continue;
        if (acknowledgedAt !== undefined || !unacknowledged.includes(last)) {
          resent++;
          continue;
        }
        // What was offered in the drain may still be under way; a run that is not owed may be lost with the client.
        const owed = isOwed(ledger, record);
        if (last.at >= view.endAt || !owed) continue;
        return broken({
          expected: `record ${record} offered again: its last offer was not acknowledged to the client`,
          actual: formatEvent(last.answer ?? view.events[last.index]!),
          by: `never offered after ${formatDuration(last.at)}`,
          index: last.index,
        });
      }
    if (resent === 0) return couldNotTell('every offer was acknowledged');
    return kept(
      `${counted(resent, 'record')} offered again after an offer that was not acknowledged`,
    );
  },
});
