import { formatDuration, fromMs, toMs } from '../../clock/duration.ts';
import { formatEvent } from '../../trace/format.ts';
import type { RecordAccount } from '../view/records.ts';
import type { Run } from '../view/runs.ts';
import { clockChanges } from '../view/wall.ts';
import {
  broken,
  byProgram,
  counted,
  couldNotTell,
  defineRule,
  kept,
  type RuleCase,
  type RuleClient,
} from './rule.ts';

/** One interval may end in the moment in which the next begins. */
const TOUCHING_MS = 1000;

export const SF_11 = defineRule({
  id: 'SF-11',
  version: 1,
  obligation: "the client never lets intervals of one program's usage overlap",
  source: 'ubbagent design',
  always: false,
  needs: 'a program has two usage records of a client whose clock was not set',
  judge(input) {
    const { view, clients } = input;
    let intervals = 0;
    let why = 'no program had two usage records';
    for (const client of clients) {
      if (clockChanges(view, client.name).length > 0) {
        why = 'the clock of the client was set: its intervals cannot be compared';
        continue;
      }
      for (const [program, records] of byProgram(view.records(client.name))) {
        if (records.length < 2) continue;
        const overlap = overlapOf(input, client, program, records);
        if (!overlap) {
          intervals += records.length;
          continue;
        }
        const [earlier, later] = overlap;
        return broken({
          expected: `intervals of ${program} one after the other: no two runs of it went on at once`,
          actual: formatEvent(view.events[later.offers[0]!.index]!),
          by: `${later.record} begins ${spanText(earlier, later)} before ${earlier.record} ends`,
          index: later.offers[0]!.index,
        });
      }
    }
    if (intervals === 0) return couldNotTell(why);
    return kept(`${counted(intervals, 'interval')}, none overlapping without two runs at once`);
  },
});

/** Two records that overlap at a moment at which fewer runs went on than records say. */
function overlapOf(
  { view, epochMs, divisor }: RuleCase,
  { name }: RuleClient,
  program: string,
  records: readonly RecordAccount[],
): readonly [RecordAccount, RecordAccount] | undefined {
  const runs = view.runs(name).filter((run) => run.program.toLowerCase() === program);
  const wall = (at: bigint): number => epochMs + toMs(at) / divisor;
  const goesOn = ({ startAt, stopAt }: Run, beginMs: number, endMs: number): boolean =>
    wall(startAt) < endMs + TOUCHING_MS &&
    (stopAt === undefined || wall(stopAt) > beginMs - TOUCHING_MS);
  const sorted = records.toSorted(
    (a, b) => a.descriptions[0]!.startMs - b.descriptions[0]!.startMs,
  );
  // What ended before a record began ended before all later ones.
  let lasting: readonly RecordAccount[] = [];
  for (const later of sorted) {
    const { startMs, stopMs } = later.descriptions[0]!;
    lasting = lasting.filter(({ descriptions: [first] }) => first!.stopMs > startMs + TOUCHING_MS);
    const before = lasting;
    lasting = [...before, later];
    const open = before.filter((other) => {
      const { startMs: otherStart, stopMs: otherStop } = other.descriptions[0]!;
      const same = otherStart === startMs && otherStop === stopMs;
      // One run under two ids is for SF-5.
      return !same && stopMs > startMs;
    });
    if (open.length === 0) continue;
    const untilMs = Math.min(stopMs, ...open.map(({ descriptions: [first] }) => first!.stopMs));
    const concurrent = runs.filter((run) => goesOn(run, startMs, untilMs)).length;
    if (concurrent < open.length + 1) return [open.at(-1)!, later];
  }
  return undefined;
}

function spanText(earlier: RecordAccount, later: RecordAccount): string {
  const ms = earlier.descriptions[0]!.stopMs - later.descriptions[0]!.startMs;
  return formatDuration(fromMs(Math.round(ms)));
}
