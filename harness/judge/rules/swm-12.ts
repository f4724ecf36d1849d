import { formatDuration } from '../../clock/duration.ts';
import { formatEvent } from '../../trace/format.ts';
import {
  broken,
  couldNotTell,
  defineRule,
  kept,
  listed,
  type RuleCase,
  type RuleClient,
} from './rule.ts';

/** A licence that may be used away from the network, until it is given back or its time is over. */
interface Checkout {
  readonly server: string;
  readonly lease: string;
  readonly program: string;
  readonly index: number;
}

/** Commands by which the user gives a licence back. */
const GIVES_BACK: ReadonlySet<string> = new Set(['return', 'release', 'check-in']);

export const SWM_12 = defineRule({
  id: 'SWM-12',
  version: 1,
  obligation: 'the client keeps a checked-out licence over its own restart',
  source: 'Q231257',
  always: false,
  needs:
    'a client is restarted while it has a licence checked out, and lives on for one delay and one pass',
  judge(input) {
    const { view, clients } = input;
    const keptOnes: string[] = [];
    let why = 'no licence was checked out';
    for (const client of clients)
      for (const checkout of checkoutsOf(input, client)) {
        why = 'no client was restarted, and lived on, while it had a licence checked out';
        const { server, lease, program, index } = checkout;
        const born = view.lives(client.name).find(({ from }) => from > view.events[index]!.at);
        const end = endOf(input, client, checkout);
        if (!born || (end !== undefined && view.events[end]!.at < born.from)) continue;
        const asked = view
          .eventsOf(client.name, 'lease-request')
          .find(
            (other) =>
              other.index > index &&
              other.event.at >= born.from &&
              (end === undefined || other.index < end) &&
              other.event.fields['program'] === program,
          );
        const given = end === undefined ? undefined : view.events[end];
        const forgot =
          asked?.event ??
          (given && !isBy(given.fields, 'server') && !isWished(input, client, born.from, end!)
            ? given
            : undefined);
        if (forgot)
          return broken({
            expected: `${lease} of ${server} kept: ${program} was checked out at ${formatDuration(view.events[index]!.at)}, and the client only started anew at ${formatDuration(born.from)}`,
            actual: formatEvent(forgot),
            by: asked
              ? 'it had forgotten the licence'
              : 'the licence was given back at the restart',
            index: asked?.index ?? end!,
          });
        const until = given?.at ?? born.to ?? view.lastAt;
        if (until - born.from > client.policy.upload.gapNs + view.passNs(client.plan))
          keptOnes.push(`${lease} of ${server} over the restart at ${formatDuration(born.from)}`);
      }
    return keptOnes.length > 0 ? kept(listed(keptOnes)) : couldNotTell(why);
  },
});

function checkoutsOf({ view }: RuleCase, { name }: RuleClient): readonly Checkout[] {
  return view.eventsOf(name, 'lease-checkout').map(({ index, event }) => ({
    server: event.actor,
    lease: String(event.fields['lease']),
    program: String(event.fields['program']),
    index,
  }));
}

/** Index of the event that ended it; absent: it lasted. */
function endOf(
  { view }: RuleCase,
  { name }: RuleClient,
  { server, lease, index }: Checkout,
): number | undefined {
  return view
    .eventsOf(name, 'lease-checkin', 'lease-release')
    .find(
      (other) =>
        other.index > index &&
        other.event.actor === server &&
        String(other.event.fields['lease']) === lease,
    )?.index;
}

function isBy(fields: Readonly<Record<string, unknown>>, who: string): boolean {
  return fields['by'] === who;
}

/** The user asked for it after the restart. */
function isWished({ view }: RuleCase, { name }: RuleClient, from: bigint, end: number): boolean {
  return view.events
    .slice(0, end)
    .some(
      ({ actor, event, fields, at }) =>
        actor === name &&
        event === 'command' &&
        at >= from &&
        GIVES_BACK.has(String(fields['name'])),
    );
}
