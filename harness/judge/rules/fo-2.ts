import { formatDuration } from '../../clock/duration.ts';
import { formatEvent } from '../../trace/format.ts';
import { acquireFailovers, uploadFailovers } from './failover.ts';
import { judgeFailover } from './opaque/failover.ts';
import { broken, defineRule, kept, nothingSeen } from './rule.ts';

export const FO_2 = defineRule({
  id: 'FO-2',
  version: 1,
  obligation:
    'the client fails over on refusal, reset, silence and 503 alike, as a new transaction',
  source: 'RFC 3263 §4.3',
  always: false,
  needs: 'something fails while a next server is up and needed, and the client lives on',
  judgeOpaque: judgeFailover,
  judge(input) {
    const { view, clients } = input;
    const failovers = clients.flatMap((client) => [
      ...uploadFailovers(input, client),
      ...acquireFailovers(input, client),
    ]);
    const missed = failovers.find(({ usedIndex }) => usedIndex === undefined);
    if (missed) {
      const { attempt, failure, available, deadline, next } = missed;
      return broken({
        expected: `${available[0]}.${attempt.face} in use by ${formatDuration(deadline)}, after ${failure.kind} on ${attempt.server}.${attempt.face}`,
        actual: next
          ? formatEvent(view.events[next.index]!)
          : `no attempt on any ${attempt.face} any more`,
        by: `no failover on ${failure.kind}`,
        index: failure.index,
      });
    }
    if (failovers.length === 0)
      return nothingSeen('nothing failed while a next server was up and needed', input);
    const kinds = [...new Set(failovers.map(({ failure }) => failure.kind))];
    return kept(
      kinds
        .map((kind) => {
          const count = failovers.filter(({ failure }) => failure.kind === kind).length;
          return `failed over on ${kind} ${count === 1 ? 'once' : `${count} times`}`;
        })
        .join(', '),
    );
  },
});
