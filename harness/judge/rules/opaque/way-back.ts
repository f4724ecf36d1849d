import { formatDuration } from '../../../clock/duration.ts';
import { formatEvent } from '../../../trace/format.ts';
import type { Attempt } from '../../view/attempts.ts';
import { broken, kept, listed, nothingSeen, type Outcome, type RuleCase } from '../rule.ts';
import { isAnswered } from './connections.ts';

/** FO-5 by connections alone: a good connection is not left before the server that comes first in the list has answered again. */
export function judgeWayBack(input: RuleCase): Outcome {
  const { view, clients } = input;
  const { servers } = view.plan;
  const returns: string[] = [];
  for (const { name } of clients) {
    const own = view.attemptsBy(name);
    for (const left of own.filter((attempt) => isAnswered(attempt))) {
      const end = endByClient(left);
      const back = end && own.find((other) => isForItsSake(other, left, end.index, servers));
      if (!end || !back) continue;
      const proof = back.events.find(({ event }) => event.event === 'sent');
      const place = `${back.server} at ${formatDuration(back.at)}`;
      if (!proof || proof.index > end.index)
        return broken({
          expected: `${back.server} answers before the connection to ${left.server} is left for it`,
          actual: formatEvent(view.events[end.index]!),
          by: `back to ${place}, which had not answered yet`,
          index: end.index,
        });
      returns.push(`to ${place}`);
    }
  }
  if (returns.length > 0) return kept(listed(returns));
  return nothingSeen(`no client went back before ${servers.at(-1)} had failed`, input);
}

/** A connection to an earlier server, opened while the good one stood, and open when that was closed. */
function isForItsSake(
  { kind, index, server, events }: Attempt,
  left: Attempt,
  endIndex: number,
  servers: readonly string[],
): boolean {
  const isEnd = (event: string): boolean => event === 'close' || event === 'reset';
  return (
    kind === 'connect' &&
    index > left.index &&
    index < endIndex &&
    servers.indexOf(server) < servers.indexOf(left.server) &&
    !events.some((own) => own.index < endIndex && isEnd(own.event.event))
  );
}

function endByClient({ events }: Attempt): { at: bigint; index: number } | undefined {
  const end = events.find(({ event }) => event.event === 'close' || event.event === 'reset');
  return end?.event.fields['by'] === 'client' ? { at: end.event.at, index: end.index } : undefined;
}
