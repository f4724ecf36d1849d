import { SECOND, type Nanos } from '../../clock/clock.ts';
import { formatDuration } from '../../clock/duration.ts';
import { formatEvent } from '../../trace/format.ts';
import { arrivalOf } from '../view/arrival.ts';
import type { Run } from '../view/runs.ts';
import {
  broken,
  counted,
  couldNotTell,
  defineRule,
  kept,
  type RuleCase,
  type RuleClient,
} from './rule.ts';

/** A client that was told takes that long at most to know it. */
const TO_KNOW: Nanos = SECOND;

export const SWM_10 = defineRule({
  id: 'SWM-10',
  version: 1,
  obligation: 'the client denies forbidden programs with or without a server',
  source: 'Q244906, Q250976',
  always: false,
  needs:
    'a forbidden program is run after the client got a configuration, or a server says at once that it is forbidden; the drain is over',
  judge(input) {
    const { view, clients, ledger } = input;
    const forbidden = new Set(view.plan.forbidden.map((program) => program.toLowerCase()));
    if (forbidden.size === 0) return couldNotTell('no program is forbidden in this case');
    let denied = 0;
    let why = 'no forbidden program was run';
    for (const client of clients)
      for (const run of view.runs(client.name)) {
        const names = [run.program, run.originalName ?? run.program];
        if (!names.some((name) => forbidden.has(name.toLowerCase()))) continue;
        const told = toldOf(input, client, run);
        if (told === undefined) {
          why = 'a forbidden program was run before the client could know that it is';
          continue;
        }
        const { record } =
          ledger.entries.find(
            (entry) =>
              entry.client === client.name &&
              entry.program === run.program &&
              entry.run === run.run,
          ) ?? {};
        const offer = view.record(client.name, record)?.offers[0];
        if (offer)
          return broken({
            expected: `${run.program} denied at ${formatDuration(run.startAt)}: ${told}`,
            actual: formatEvent(view.events[offer.index]!),
            by: 'it ran, and its usage was recorded',
            index: offer.index,
          });
        if (view.drainedAt === undefined) why = 'the drain did not come to its end';
        else denied++;
      }
    if (denied === 0) return couldNotTell(why);
    return kept(`${counted(denied, 'run')} of forbidden programs left no usage record`);
  },
});

/** How the client knew by the time of that run: from its configuration, or at once from a server. */
function toldOf(
  { view }: RuleCase,
  { name }: RuleClient,
  { program, startAt, stopAt }: Run,
): string | undefined {
  for (const { events } of view.attemptsBy(name)) {
    for (const [position, { event }] of events.entries()) {
      if (event.event !== 'configuration' || Number(event.fields['status'] ?? 200) >= 400) continue;
      const { state, at } = arrivalOf(events, position);
      if (state === 'yes' && at! + TO_KNOW <= startAt)
        return `the configuration of ${formatDuration(at!)} says so`;
    }
  }
  // Asked at once and answered at once: it never ran without an answer, nor was it granted before.
  const [first] = view
    .eventsOf(name, 'lease-deny', 'lease-grant')
    .filter(
      ({ event }) =>
        event.fields['program'] === program &&
        event.at >= startAt &&
        (stopAt === undefined || event.at < stopAt),
    );
  const atOnce = first?.event.event === 'lease-deny' && first.event.at <= startAt + TO_KNOW;
  return atOnce && first.event.fields['why'] === 'forbidden'
    ? `${first.event.actor} said so`
    : undefined;
}
