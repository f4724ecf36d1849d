import { formatDuration } from '../../clock/duration.ts';
import { formatEvent } from '../../trace/format.ts';
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
  const isStart = (index: number): boolean => {
    const { actor, event, fields } = view.events[index]!;
    return (
      actor === name &&
      event === 'command' &&
      fields['name'] === 'start-program' &&
      fields['program'] === program
    );
  };
  const requests = view
    .eventsOf(name, 'lease-request')
    .filter(({ event }) => event.fields['program'] === program)
    .map(({ index }) => index);
  const starts = [...view.events.keys()].filter(isStart);
  const askedBefore = requests.filter((index) => index < denied).length;
  // Several runs at once: each may ask for itself.
  if (starts.filter((index) => index < denied).length > askedBefore) return undefined;
  const calls = view
    .eventsOf(name, 'callback')
    .filter(({ event }) => event.fields['program'] === program)
    .map(({ index }) => index);
  const allowed = [...starts, ...calls].filter((index) => index > denied);
  const until = allowed.length > 0 ? Math.min(...allowed) : Infinity;
  return requests.find((index) => index > denied && index < until);
}

/** Runs of an online client that no server granted or denied while they lasted. */
function unanswered({ view, ledger }: RuleCase, { name, policy }: RuleClient) {
  if (!policy.acquire) return [];
  const answers = view.eventsOf(name, 'lease-grant', 'lease-deny');
  return view.runs(name).flatMap(({ program, run, startAt, stopAt }) => {
    const answered = answers.some(
      ({ event }) =>
        event.fields['program'] === program &&
        event.at >= startAt &&
        (stopAt === undefined || event.at <= stopAt),
    );
    const entry = ledger.entries.find(
      (other) => other.client === name && other.program === program && other.run === run,
    );
    return answered || !entry || stopAt === undefined ? [] : [entry];
  });
}
