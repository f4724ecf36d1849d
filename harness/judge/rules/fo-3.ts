import { formatDuration } from '../../clock/duration.ts';
import { formatEvent } from '../../trace/format.ts';
import { entryOfRun } from '../ledger.ts';
import { firstAfter, type Indexed } from '../view/arrival.ts';
import { grouped, type View } from '../view/view.ts';
import {
  broken,
  counted,
  couldNotTell,
  defineRule,
  kept,
  type RuleCase,
  type RuleClient,
} from './rule.ts';

export const FO_3 = defineRule({
  id: 'FO-3',
  version: 1,
  obligation:
    'the client tells unreachable from denied: a denial is not an outage, an outage is not a denial',
  source: 'field issues',
  always: false,
  needs: 'a licence is denied, or a program runs while no server answers',
  judge(input) {
    const { view, clients } = input;
    let denials = 0;
    let outages = 0;
    for (const client of clients) {
      for (const { index, event } of view.eventsOf(client.name, 'lease-deny')) {
        denials++;
        const again = askedAgain(input, client, index, String(event.fields['program']));
        if (again === undefined) continue;
        const asked = view.events[again]!;
        return broken({
          expected: `no other lease-request for that run: ${event.actor} denied it at ${formatDuration(event.at)}`,
          actual: formatEvent(asked),
          by:
            asked.actor === event.actor
              ? 'asked the same server again'
              : `asked ${asked.actor} instead`,
          index: again,
        });
      }
      for (const { owed, record, program, run, client: name } of unanswered(input, client)) {
        if (owed && record === undefined && view.drainedAt !== undefined)
          return broken({
            expected: `${program}, run ${run} of ${name}, metered: no server denied it, none answered`,
            actual: 'no record of it was ever offered',
            by: 'an outage was taken for a denial, or the run was lost',
          });
        if (record !== undefined) outages++;
      }
    }
    if (denials + outages === 0)
      return couldNotTell('no licence was denied, and no program ran while no server answered');
    return kept(
      `${counted(denials, 'denial')} taken as final, ${counted(outages, 'run')} metered without an answer`,
    );
  },
});

/** A second question for a run that was denied; a new start of the program is a new run, and who is called back asks again. */
export function askedAgain(
  { view }: RuleCase,
  { name }: RuleClient,
  denied: number,
  program: string,
): number | undefined {
  const { requests, starts, allowed } = view.once(
    `questions ${JSON.stringify([name, program])}`,
    () => questionsOf(view, name, program),
  );
  // Several runs at once: each may ask for itself.
  if (firstAfter(starts, denied - 1) > firstAfter(requests, denied - 1)) return undefined;
  const until = allowed[firstAfter(allowed, denied)]?.index ?? Infinity;
  const again = requests[firstAfter(requests, denied)]?.index;
  return again !== undefined && again < until ? again : undefined;
}

/** Where a client asked for a licence of a program, and where the program was started or the client called back. */
function questionsOf(
  view: View,
  name: string,
  program: string,
): Readonly<Record<'requests' | 'starts' | 'allowed', readonly Indexed[]>> {
  const named = (events: readonly Indexed[]): readonly Indexed[] =>
    events.filter(({ event }) => event.fields['program'] === program);
  const starts = named(
    view
      .around(name)
      .filter(
        ({ event: { actor, event, fields } }) =>
          actor === name && event === 'command' && fields['name'] === 'start-program',
      ),
  );
  const calls = named(view.eventsOf(name, 'callback'));
  return {
    requests: named(view.eventsOf(name, 'lease-request')),
    starts,
    allowed: [...starts, ...calls].toSorted((a, b) => a.index - b.index),
  };
}

/** Runs of an online client that no server granted or denied while they lasted. */
function unanswered({ view, ledger }: RuleCase, { name, policy }: RuleClient) {
  if (!policy.acquire) return [];
  const answers = grouped(view.eventsOf(name, 'lease-grant', 'lease-deny'), ({ event }) =>
    JSON.stringify(event.fields['program'] ?? null),
  );
  return view.runs(name).flatMap((run) => {
    const { program, startAt, stopAt } = run;
    const answered = answers
      .get(JSON.stringify(program))
      ?.some(({ event }) => event.at >= startAt && (stopAt === undefined || event.at <= stopAt));
    const entry = entryOfRun(ledger, run);
    return answered || !entry || stopAt === undefined ? [] : [entry];
  });
}
