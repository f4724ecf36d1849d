import { SECOND, type Nanos } from '../../clock/clock.ts';
import { formatDuration } from '../../clock/duration.ts';
import { formatEvent } from '../../trace/format.ts';
import { failed } from '../view/attempts.ts';
import { startedAt } from '../view/lives.ts';
import { heldAt, leasesOf } from './leases.ts';
import {
  broken,
  counted,
  defineRule,
  kept,
  lastBelow,
  listed,
  nothingSeen,
  type RuleCase,
  type RuleClient,
} from './rule.ts';

/** The moment at which a client turned to a server that is not its first. */
interface Turn {
  readonly index: number;
  readonly at: Nanos;
  readonly server: string;
}

export const SWM_3 = defineRule({
  id: 'SWM-3',
  version: 1,
  obligation:
    'the client, online, uses all configured attempts, spaced by the configured delay (not sooner), before it turns to another server',
  source: 'Q213167, Q226827',
  always: false,
  needs: 'an online client turns to another server; the attempts before it can be seen',
  judge(input) {
    const { view, clients, seesAttempts } = input;
    const seen: string[] = [];
    let hidden = false;
    for (const client of clients) {
      const { acquire } = client.policy;
      if (!acquire?.order) continue;
      const { face, order, attempts: wanted, gapNs } = acquire;
      const judgedUntil = new Map<string, number>();
      const goods = new Map(order.map((server) => [server, goodAnswers(input, client, server)]));
      for (const turn of turnsOf(input, client)) {
        const left = order[order.indexOf(turn.server) - 1]!;
        const since = sinceOf(input, client, goods.get(left)!, turn);
        if ((judgedUntil.get(turn.server) ?? -1) > since.index) continue;
        judgedUntil.set(turn.server, turn.index);
        const series = triesOf(input, client, left).filter(
          (tried) =>
            tried.index > since.index && tried.at >= since.at && tried.failedIndex < turn.index,
        );
        const place = `${left}.${face}`;
        const times = series.map(({ at }) => formatDuration(at));
        if (series.length < wanted) {
          if (!seesAttempts && !view.downtimes.clear(left, face, since.at, turn.at)) {
            hidden = true;
            continue;
          }
          return broken({
            expected: `${counted(wanted, 'attempt')} on ${place}, ${formatDuration(gapNs)} apart, before ${turn.server}.${face}`,
            actual: formatEvent(view.events[turn.index]!),
            by: `${counted(series.length, 'attempt')} on ${place} before it${times.length > 0 ? ` (${listed(times)})` : ''}, ${wanted - series.length} too few`,
            index: turn.index,
          });
        }
        const last = series.slice(-wanted);
        const hasty = last.findIndex(
          ({ at }, place_) => place_ > 0 && at - last[place_ - 1]!.at < gapNs - slackOf(gapNs),
        );
        if (hasty > 0) {
          const { at, index } = last[hasty]!;
          const gap = at - last[hasty - 1]!.at;
          return broken({
            expected: `attempts on ${place} at least ${formatDuration(gapNs)} apart`,
            actual: formatEvent(view.events[index]!),
            by: `${formatDuration(gap)} after the attempt before: ${formatDuration(gapNs - gap)} too soon`,
            marginNs: gapNs - slackOf(gapNs) - gap,
            index,
          });
        }
        seen.push(
          `${counted(series.length, 'attempt')} on ${place} (${listed(times)}) before ${turn.server}.${face}`,
        );
      }
    }
    if (seen.length > 0) return kept(listed(seen));
    return nothingSeen(
      hidden ? 'the attempts before a switch were not seen' : 'no client turned to another server',
      input,
    );
  },
});

/** Timers are not exact; a second, or a tenth of a short gap. */
export function slackOf(gapNs: Nanos): Nanos {
  return gapNs / 10n < SECOND ? gapNs / 10n : SECOND;
}

/** One attempt that failed: a connection, or a question that met a busy server, also on a connection that stands. */
interface Tried {
  readonly index: number;
  readonly at: Nanos;
  readonly failedIndex: number;
}

function triesOf(
  { view }: RuleCase,
  { name, policy }: RuleClient,
  server: string,
): readonly Tried[] {
  const { face } = policy.acquire!;
  const attempts = view
    .attemptsOn(name, face, server)
    .filter((attempt) => failed(attempt) && attempt.failure!.kind !== 'busy')
    .map(({ index, at, failure }) => ({ index, at, failedIndex: failure!.index }));
  const busy = view
    .eventsOf(name, 'busy')
    .filter(({ event }) => event.actor === server && event.face === face)
    .map(({ index, event }) => ({ index, at: event.at, failedIndex: index }));
  return [...attempts, ...busy].toSorted((a, b) => a.index - b.index);
}

/** Requests for a licence, and failed attempts, on a server behind the first, unless the client still has business there. */
function turnsOf({ view }: RuleCase, { name, policy }: RuleClient): readonly Turn[] {
  const { face, order } = policy.acquire!;
  const behind = (server: string): boolean => order!.indexOf(server) > 0;
  const requests = view
    .eventsOf(name, 'lease-request')
    .map(({ index, event }) => ({ index, at: event.at, server: event.actor }));
  const leases = leasesOf(view, name);
  const attempts = view
    .attemptsOn(name, face)
    .filter(
      (attempt) =>
        failed(attempt) &&
        !heldAt(leases, attempt.at).some(({ server }) => server === attempt.server),
    );
  return [...requests, ...attempts]
    .filter(({ server }) => behind(server))
    .toSorted((a, b) => a.index - b.index);
}

/** Where a server answered a client, in rising order. */
function goodAnswers(
  { view }: RuleCase,
  { name, policy }: RuleClient,
  server: string,
): readonly number[] {
  return view
    .attemptsOn(name, policy.acquire!.face, server)
    .flatMap(({ answers }) => answers.map(({ index }) => index))
    .toSorted((a, b) => a - b);
}

/** From when on attempts count: the last good answer of that server, or the start of the process. */
function sinceOf(
  { view }: RuleCase,
  { name }: RuleClient,
  goods: readonly number[],
  turn: Turn,
): { index: number; at: Nanos } {
  const at = startedAt(view.lives(name), turn.at) ?? 0n;
  return { index: lastBelow(goods, turn.index), at };
}
