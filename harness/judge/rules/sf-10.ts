import { SECOND, type Nanos } from '../../clock/clock.ts';
import type { LedgerEntry } from '../ledger.ts';
import { dropsOf } from '../view/drops.ts';
import {
  broken,
  counted,
  couldNotTell,
  defineRule,
  kept,
  listed,
  type RuleCase,
  type RuleClient,
} from './rule.ts';

export const SF_10 = defineRule({
  id: 'SF-10',
  version: 1,
  obligation: 'the client, on a full spool, counts what it drops, and drops one end only',
  source: 'RFC 6733 §9.4',
  always: false,
  needs:
    'a client says that it dropped records (`said event=dropped count=`), and the drain is over',
  judge(input) {
    const { view, clients } = input;
    const seen: string[] = [];
    for (const client of clients) {
      const drops = dropsOf(view, client.name);
      if (drops.length === 0) continue;
      if (view.drainedAt === undefined) return couldNotTell('the drain did not come to its end');
      const counts = drops.reduce((sum, { count }) => sum + count, 0);
      const spooled = spooledAt(input, client, drops[0]!.at, drops.at(-1)!.at + SECOND);
      const isGone = ({ state }: LedgerEntry): boolean => state === 'dropped' || state === 'lost';
      const gone = spooled.filter(isGone);
      const index = drops.at(-1)!.index;
      if (gone.length !== counts)
        return broken({
          expected: `${counted(counts, 'record')} dropped, as the client says`,
          actual: `${gone.length} gone of ${counted(spooled.length, 'spooled record')}`,
          by: `${Math.abs(gone.length - counts)} ${gone.length > counts ? 'not counted' : 'counted, and delivered'}`,
          index,
        });
      const ends = [spooled.slice(0, counts), spooled.slice(spooled.length - counts)];
      if (!ends.some((end) => end.every(isGone)))
        return broken({
          expected: 'the oldest dropped, or the newest',
          actual: `dropped: ${listed(gone.map(({ program, run }) => `${program}, run ${run}`))}`,
          by: 'from the middle',
          index,
        });
      seen.push(`${counts} of ${counted(spooled.length, 'spooled record')}`);
    }
    if (seen.length === 0) return couldNotTell('no client said that it dropped a record');
    return kept(`dropped and counted, from one end: ${listed(seen)}`);
  },
});

/** What the client owed while it dropped, the oldest first. */
function spooledAt(
  { view, ledger }: RuleCase,
  { name }: RuleClient,
  from: Nanos,
  to: Nanos,
): readonly LedgerEntry[] {
  return ledger.entries
    .filter(({ client, owedAt, record }) => {
      if (client !== name || owedAt === undefined || owedAt > to) return false;
      const acknowledgedAt = view.record(name, record)?.acknowledgedAt;
      return acknowledgedAt === undefined || acknowledgedAt >= from;
    })
    .toSorted((a, b) => (a.owedAt! < b.owedAt! ? -1 : 1));
}
