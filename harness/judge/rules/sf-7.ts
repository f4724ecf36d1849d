import { formatDuration } from '../../clock/duration.ts';
import { formatEvent } from '../../trace/format.ts';
import { isOwed } from '../ledger.ts';
import { isFinal, type Offer, type RecordAccount } from '../view/records.ts';
import { broken, counted, couldNotTell, defineRule, kept, type RuleCase } from './rule.ts';

/** An offer of which a server took some records and not others. */
interface Partial {
  readonly accepted: { readonly account: RecordAccount; readonly offer: Offer }[];
  readonly others: { readonly account: RecordAccount; readonly offer: Offer }[];
}

export const SF_7 = defineRule({
  id: 'SF-7',
  version: 1,
  obligation: 'the client, on partial acceptance, resends only what was not accepted',
  source: 'OTLP specification',
  always: false,
  needs: 'a server takes some records of an upload and not others, and its answer arrives',
  judge(input) {
    const { view, clients, ledger } = input;
    let seen = 0;
    let resent = 0;
    for (const { name } of clients)
      for (const { accepted, others } of partialsOf(input, name)) {
        seen++;
        for (const { account, offer } of accepted) {
          const again = account.offers.find(({ index }) => index > offer.arrival.index!);
          if (!again || !account.settled) continue;
          return broken({
            expected: `no other offer of ${account.record}: it was accepted at ${formatDuration(offer.at)}`,
            actual: formatEvent(view.events[again.index]!),
            by: 'what was accepted was sent again with what was not',
            index: again.index,
          });
        }
        for (const { account, offer } of others) {
          if (isFinal(offer.answer)) continue;
          const again = account.offers.some(({ index }) => index > offer.index);
          const owed = isOwed(ledger, account.record, name);
          if (again) resent++;
          if (again || !owed || view.drainedAt === undefined || offer.at >= (view.endAt ?? 0n))
            continue;
          return broken({
            expected: `${account.record} offered again: it was not accepted at ${formatDuration(offer.at)}`,
            actual: 'it was never offered again',
            by: 'what was not accepted was forgotten',
            index: offer.index,
          });
        }
      }
    if (seen === 0) return couldNotTell('no upload was accepted in part');
    return kept(
      `${counted(seen, 'upload')} accepted in part: nothing of it sent again but ${counted(resent, 'record')} that ${resent === 1 ? 'was' : 'were'} not accepted`,
    );
  },
});

function partialsOf({ view }: RuleCase, client: string): readonly Partial[] {
  const offers = new Map<number, Partial>();
  for (const account of view.records(client))
    for (const offer of account.offers) {
      const { answer, arrival, index } = offer;
      if (!answer || arrival.state !== 'yes') continue;
      const partial = offers.get(index) ?? { accepted: [], others: [] };
      offers.set(index, partial);
      const side = answer.event === 'upload-accept' ? partial.accepted : partial.others;
      side.push({ account, offer });
    }
  return [...offers.values()].filter(
    ({ accepted, others }) => accepted.length > 0 && others.length > 0,
  );
}
