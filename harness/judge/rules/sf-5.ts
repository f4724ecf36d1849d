import { formatEvent } from '../../trace/format.ts';
import type { UsageNote } from '../../trace/event.ts';
import { grouped } from '../view/view.ts';
import { broken, counted, couldNotTell, defineRule, kept, listed } from './rule.ts';

export const SF_5 = defineRule({
  id: 'SF-5',
  version: 1,
  obligation:
    'the client keeps one id for one record over retries, servers and restarts, so that a server can drop the copy',
  source: 'RFC 6733 §5.5.4, §9.4',
  always: true,
  needs: 'a record is offered twice',
  judge({ view, clients }) {
    let again = 0;
    for (const { name } of clients) {
      const records = view.records(name);
      const sameRuns = grouped(records, ({ descriptions: [first] }) => runKey(first!));
      const ofProgram = countsOf(records);
      const runsOf = countsOf(view.runs(name));
      for (const account of records) {
        const [described, otherwise] = account.descriptions;
        if (otherwise)
          return broken({
            expected: `${account.record} for one run only`,
            actual: `${account.record} for ${described!.program} and for ${otherwise.program}, or for two times`,
            by: 'one id, two records',
            index: account.offers.at(-1)!.index,
          });
        const twins = sameRuns.get(runKey(described!))!;
        const twin = twins[0] === account ? twins[1] : twins[0];
        const { program } = account;
        if (twin && (runsOf.get(program) ?? 0) < ofProgram.get(program)!)
          return broken({
            expected: `one id for ${described!.program}`,
            actual: formatEvent(view.events[twin.offers[0]!.index]!),
            by: `two ids for one run: ${listed([account.record, twin.record])}`,
            index: twin.offers[0]!.index,
          });
        if (account.offers.length > 1) again++;
      }
    }
    if (again === 0) return couldNotTell('no record was offered twice');
    return kept(`${counted(again, 'record')} offered again under the same id`);
  },
});

function runKey({ program, startMs, stopMs }: UsageNote): string {
  return JSON.stringify([program, startMs, stopMs]);
}

function countsOf(all: readonly { readonly program: string }[]): ReadonlyMap<string, number> {
  const groups = grouped(all, ({ program }) => program);
  return new Map([...groups].map(([program, group]) => [program, group.length]));
}
