import { runText } from '../ledger.ts';
import { broken, counted, couldNotTell, defineRule, kept, listed } from './rule.ts';

export const SF_1 = defineRule({
  id: 'SF-1',
  version: 1,
  obligation:
    'the client loses no record: everything it acknowledged as metered is delivered by the end of the drain',
  source: 'RFC 6733 §9.4',
  always: true,
  needs: 'a client says that a record is durable, and the drain is over',
  judge({ view, ledger }) {
    const owed = ledger.entries.filter((entry) => entry.owed);
    if (owed.length === 0) return couldNotTell('no client said that a record was durable');
    if (view.drainedAt === undefined) return couldNotTell('the drain did not come to its end');
    const lost = owed.filter(({ state }) => state === 'lost');
    if (lost.length > 0)
      return broken({
        expected: `${counted(owed.length, 'record')} delivered`,
        actual: `${owed.length - lost.length} delivered`,
        by: `lost: ${listed(lost.map(runText))}`,
        index: view.events.length,
      });
    const apart = (['refused', 'dropped'] as const)
      .map((kind) => [owed.filter(({ state }) => state === kind).length, kind] as const)
      .filter(([count]) => count > 0);
    const delivered = owed.filter(({ state }) => state === 'delivered').length;
    return kept(
      [
        `${counted(delivered, 'owed record')} delivered`,
        ...apart.map(([count, kind]) => `${count} ${kind}`),
      ].join(', '),
    );
  },
});
