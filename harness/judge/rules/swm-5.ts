import { formatEvent } from '../../trace/format.ts';
import type { RecordAccount } from '../view/records.ts';
import { grouped } from '../view/view.ts';
import {
  broken,
  byProgram,
  counted,
  couldNotTell,
  defineRule,
  kept,
  type RuleCase,
} from './rule.ts';

export const SWM_5 = defineRule({
  id: 'SWM-5',
  version: 1,
  obligation:
    'the client makes one usage record of one run of a program (where its policy says a record per run)',
  source: 'Q210366',
  always: false,
  needs: 'a usage record is offered, and the policy says that a record stands for a run',
  judge(input) {
    const { view, clients } = input;
    let judged = 0;
    let why = 'no usage record was offered';
    for (const { name, policy } of clients) {
      if (policy.records !== 'per-run') {
        why = `the policy says that records are ${policy.records}`;
        continue;
      }
      for (const [program, records] of byProgram(view.records(name))) {
        if (isAcquired(input, name, program)) {
          why = 'a library was told to acquire or borrow it: how many runs that was nobody said';
          continue;
        }
        const runs = runsOf(input, name, program);
        const extra = descriptionsOf(records)[runs];
        if (extra)
          return broken({
            expected: `at most ${counted(runs, 'record')} of ${program}: it was run ${runs === 1 ? 'once' : `${runs} times`}`,
            actual: formatEvent(view.events[extra.offers[0]!.index]!),
            by: `${counted(records.length, 'record')} of ${counted(runs, 'run')}`,
            index: extra.offers[0]!.index,
          });
        judged += records.length;
      }
    }
    if (judged === 0) return couldNotTell(why);
    return kept(`${counted(judged, 'record')}, no more than runs`);
  },
});

/** Starts of that program, whatever became of them. */
function runsOf({ view }: RuleCase, client: string, program: string): number {
  const starts = view.once(`starts ${client}`, () =>
    grouped(
      view
        .around(client)
        .filter(
          ({ event: { actor, event, fields } }) =>
            actor === client && event === 'command' && fields['name'] === 'start-program',
        ),
      ({ event: { fields } }) => String(fields['program']).toLowerCase(),
    ),
  );
  return starts.get(program)?.length ?? 0;
}

/** A library counts its usage from `acquire` to `release`, and no command says what of that is a run. */
function isAcquired({ view }: RuleCase, client: string, program: string): boolean {
  const acquired = view.once(`acquires ${client}`, () =>
    view
      .around(client)
      .filter(
        ({ event: { actor, event, fields } }) =>
          actor === client &&
          event === 'command' &&
          ['acquire', 'borrow'].includes(String(fields['name'])),
      )
      .map(({ event: { fields } }) => fields['argument']),
  );
  return acquired.some(
    (argument) => argument === undefined || String(argument).toLowerCase() === program,
  );
}

/** One account of each interval: one run under two ids is for SF-5. */
function descriptionsOf(records: readonly RecordAccount[]): readonly RecordAccount[] {
  const seen = new Set<string>();
  return records.filter(({ descriptions: [first] }) => {
    const key = `${first!.startMs} ${first!.stopMs}`;
    return !seen.has(key) && seen.add(key);
  });
}
