import { formatDuration } from '../../clock/duration.ts';
import { formatEvent } from '../../trace/format.ts';
import { broken, counted, couldNotTell, defineRule, kept } from './rule.ts';

export const SF_6 = defineRule({
  id: 'SF-6',
  version: 1,
  obligation:
    'the client does not send again what was acknowledged to it (the acknowledgement arrived, and it lived on for a second)',
  source: 'RFC 6733 §9.4',
  always: true,
  needs: 'an acknowledgement arrives for sure, and the client lives on for a second',
  judge({ view, clients }) {
    let settled = 0;
    for (const { name } of clients)
      for (const { record, offeredAgain, acknowledgedAt, settled: isSettled } of view.records(
        name,
      )) {
        if (isSettled) settled++;
        if (!offeredAgain) continue;
        return broken({
          expected: `no offer of ${record} after its acknowledgement at ${formatDuration(acknowledgedAt ?? 0n)}`,
          actual: formatEvent(view.events[offeredAgain.index]!),
          by: `offered again ${formatDuration(offeredAgain.at - (acknowledgedAt ?? 0n))} later`,
          index: offeredAgain.index,
        });
      }
    if (settled === 0) return couldNotTell('no acknowledgement arrived for sure');
    return kept(`${counted(settled, 'acknowledged record')}, none sent again`);
  },
});
