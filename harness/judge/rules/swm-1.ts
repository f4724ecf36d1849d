import { formatDuration } from '../../clock/duration.ts';
import { formatEvent } from '../../trace/format.ts';
import { uploadFailovers } from './failover.ts';
import { broken, counted, defineRule, kept, listed, nothingSeen } from './rule.ts';

export const SWM_1 = defineRule({
  id: 'SWM-1',
  version: 1,
  obligation:
    'the client, offline, sends saved usage to the next available server when the one it tried is unavailable; it never waits for the primary',
  source: 'Q235786',
  always: false,
  needs:
    'an offline client with saved usage tries a server that fails, a next server is up until the pass is over, and the client lives on',
  judge(input) {
    const { view, clients } = input;
    const offline = clients.filter(({ plan }) => plan.mode === 'offline');
    const failovers = offline.flatMap((client) => uploadFailovers(input, client));
    const missed = failovers.find(({ usedIndex }) => usedIndex === undefined);
    if (missed) {
      const { attempt, failure, available, deadline, next } = missed;
      return broken({
        expected: `upload-offer on ${available[0]}.${attempt.face} by ${formatDuration(deadline)}`,
        actual: next
          ? formatEvent(view.events[next.index]!)
          : `no attempt on any ${attempt.face} any more`,
        by: `${attempt.server}.${attempt.face} failed at ${formatDuration(failure.at)} (${failure.kind}), and the saved usage went nowhere`,
        index: failure.index,
      });
    }
    if (failovers.length === 0)
      return nothingSeen(
        offline.length === 0
          ? 'no client of this case is offline'
          : 'no server failed while there was saved usage and a next server was up',
        input,
      );
    const moves = failovers.map(
      ({ attempt, usedIndex }) =>
        `${attempt.server} to ${view.events[usedIndex!]!.actor} at ${formatDuration(view.events[usedIndex!]!.at)}`,
    );
    return kept(`${counted(moves.length, 'failover')}: ${listed(moves)}`);
  },
});
