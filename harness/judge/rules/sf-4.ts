import { formatDuration } from '../../clock/duration.ts';
import { runText } from '../ledger.ts';
import { uploadFailovers } from './failover.ts';
import { broken, counted, defineRule, kept, listed, nothingSeen, pendingAt } from './rule.ts';

export const SF_4 = defineRule({
  id: 'SF-4',
  version: 1,
  obligation: 'the client, on failover, moves pending records to the alternate server',
  source: 'RFC 6733 §5.5.4',
  always: false,
  needs:
    'a server fails while records are pending that were saved before the pass, and a next server is up',
  judge(input) {
    const { view, clients } = input;
    let moved = 0;
    let failovers = 0;
    for (const client of clients)
      for (const { attempt, failure, available, deadline } of uploadFailovers(input, client)) {
        // What was saved while the pass was under way may have to wait for the next one.
        const owedBy = attempt.at - view.passNs(client.plan);
        const pending = pendingAt(input, client.name, owedBy, failure.at);
        if (pending.length === 0) continue;
        failovers++;
        const left = pending.filter(({ record }) => {
          const offers = view.record(client.name, record)?.offers ?? [];
          return !offers.some(
            ({ index, at, server }) =>
              index > failure.index && at <= deadline && server !== attempt.server,
          );
        });
        if (left.length > 0)
          return broken({
            expected: `${counted(pending.length, 'pending record')} offered to ${available[0]}.${attempt.face} by ${formatDuration(deadline)}, after ${failure.kind} on ${attempt.server}.${attempt.face}`,
            actual: `${pending.length - left.length} offered`,
            by: `left behind: ${listed(left.map(runText))}`,
            index: failure.index,
          });
        moved += pending.length;
      }
    if (failovers === 0)
      return nothingSeen(
        'no server failed while records were pending and a next server was up',
        input,
      );
    return kept(
      `${counted(moved, 'pending record')} moved to the next server in ${counted(failovers, 'failover')}`,
    );
  },
});
