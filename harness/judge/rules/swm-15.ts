import { MINUTE, type Nanos } from '../../clock/clock.ts';
import { formatDuration } from '../../clock/duration.ts';
import type { TraceEvent } from '../../trace/event.ts';
import { formatEvent } from '../../trace/format.ts';
import { runText } from '../ledger.ts';
import {
  broken,
  counted,
  couldNotTell,
  defineRule,
  kept,
  type RuleCase,
  type RuleClient,
} from './rule.ts';

/** A time in which the log of a client could not be written. */
interface Span {
  readonly from: Nanos;
  readonly to: Nanos;
}

/** A stop command that was answered. */
interface Stop {
  readonly at: Nanos;
  readonly result: string;
  readonly index: number;
  readonly event: TraceEvent;
}

/** How often the field's client looked for space (Q213196). */
const TO_RESUME: Nanos = MINUTE;

export const SWM_15 = defineRule({
  id: 'SWM-15',
  version: 1,
  obligation:
    'the client, when its spool cannot be written, reports it, corrupts nothing, and resumes within 60 s of space returning',
  source: 'Q290995, Q213196',
  always: false,
  needs:
    'a program stops while the disk is full (`disk`), and one stops 60 s or more after it is free',
  judge(input) {
    const { view, clients, ledger } = input;
    let reported = 0;
    let resumed = 0;
    let why = 'every spool could be written';
    for (const client of clients)
      for (const { from, to } of spansOf(input, client)) {
        why = 'no program stopped while the spool could not be written, or none after that';
        const fell = view.events.findIndex(
          ({ actor, event, at }) => actor === client.name && event === 'exit' && at >= from,
        );
        if (fell >= 0)
          return broken({
            expected: `the client lives on while its spool cannot be written (from ${formatDuration(from)})`,
            actual: formatEvent(view.events[fell]!),
            by: 'it ended',
            index: fell,
          });
        // What it said to be durable must be there, from before as from then.
        const lost = ledger.entries.find(
          (entry) =>
            entry.client === client.name &&
            entry.state === 'lost' &&
            entry.owedAt !== undefined &&
            entry.owedAt <= to,
        );
        if (lost && view.drainedAt !== undefined)
          return broken({
            expected: 'the stop answered with an error, or the record delivered',
            actual: `ok at ${formatDuration(lost.owedAt!)}, and no record`,
            by: `lost in silence: ${runText(lost)}`,
            index: view.events.findLastIndex(({ at }) => at <= lost.owedAt!),
          });
        const stops = stopsOf(input, client);
        const late = stops.find(({ at, result }) => at >= to + TO_RESUME && result === 'error');
        if (late)
          return broken({
            expected: `ok to stop-program from ${formatDuration(to + TO_RESUME)} on: the spool could be written again at ${formatDuration(to)}`,
            actual: formatEvent(late.event),
            by: `not resumed after ${formatDuration(late.at - to)}`,
            marginNs: late.at - to - TO_RESUME,
            index: late.index,
          });
        reported += stops.filter(({ at }) => at >= from && at < to).length;
        resumed += stops.filter(({ at }) => at >= to + TO_RESUME).length;
      }
    if (reported === 0 || resumed === 0) return couldNotTell(why);
    return kept(
      `${counted(reported, 'stop')} told truly while the spool could not be written, ${resumed} kept after it`,
    );
  },
});

function spansOf({ view }: RuleCase, { name }: RuleClient): readonly Span[] {
  const spans: Span[] = [];
  let from: Nanos | undefined;
  for (const { event: told } of view.around(name)) {
    const { actor, event, fields, at } = told;
    if (actor !== name || event !== 'disk') continue;
    if (fields['state'] === 'full') from ??= at;
    else if (from !== undefined) {
      spans.push({ from, to: at });
      from = undefined;
    }
  }
  return spans;
}

function stopsOf({ view }: RuleCase, { name }: RuleClient): readonly Stop[] {
  const asked = new Map<unknown, Nanos>();
  return view.around(name).flatMap(({ index, event }): Stop[] => {
    if (event.actor !== name) return [];
    const { id, result } = event.fields;
    if (event.event === 'command' && event.fields['name'] === 'stop-program')
      asked.set(id, event.at);
    const at = event.event === 'answer' ? asked.get(id) : undefined;
    if (at === undefined) return [];
    asked.delete(id);
    return [{ at, result: String(result), index, event }];
  });
}
