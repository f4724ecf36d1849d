import type { Nanos } from '../../clock/clock.ts';
import { formatDuration } from '../../clock/duration.ts';
import { runText } from '../ledger.ts';
import type { Life } from '../view/lives.ts';
import {
  broken,
  counted,
  couldNotTell,
  defineRule,
  kept,
  listed,
  pendingAt,
  type RuleCase,
  type RuleClient,
} from './rule.ts';
import { isSilenced, silencesOf } from './silences.ts';

export const SF_3 = defineRule({
  id: 'SF-3',
  version: 1,
  obligation: 'the client, after a crash (SIGKILL) or a restart, sends what was spooled',
  source: 'RFC 6733 §9.4',
  always: false,
  needs: 'a client dies with saved usage, is restarted, and has time to send it',
  judge(input) {
    const { view, clients } = input;
    let sent = 0;
    let restarts = 0;
    for (const client of clients)
      for (const [number, { to: died }] of view.lives(client.name).entries()) {
        const next = view.lives(client.name)[number + 1];
        if (died === undefined || !next) continue;
        const spooled = pendingAt(input, client.name, died, died);
        if (spooled.length === 0) continue;
        restarts++;
        const deadline = dueBy(input, client, next);
        const late = spooled.filter((entry) => {
          const offers = view.record(client.name, entry.record)?.offers ?? [];
          const offered = offers.find(({ at }) => at >= next.from);
          if (offered && (deadline === undefined || offered.at <= deadline)) sent++;
          else return deadline !== undefined || view.drainedAt !== undefined;
          return false;
        });
        if (late.length === 0) continue;
        return broken({
          expected: `${counted(spooled.length, 'spooled record')} offered after the restart at ${formatDuration(next.from)}${deadline === undefined ? '' : ` by ${formatDuration(deadline)}`}`,
          actual: `${spooled.length - late.length} offered`,
          by: `not sent: ${listed(late.map(runText))}`,
          index: view.events.findLastIndex(({ at }) => at <= (deadline ?? view.lastAt)),
        });
      }
    if (sent === 0)
      return couldNotTell(
        restarts === 0
          ? 'no client was restarted while it had saved usage'
          : 'after the restart there was not enough time to send what was spooled',
      );
    return kept(`${counted(sent, 'spooled record')} offered after ${counted(restarts, 'restart')}`);
  },
});

/** One interval after its start, where that process lived so long and some server was up all the time. */
function dueBy(input: RuleCase, { name, plan, policy }: RuleClient, life: Life): Nanos | undefined {
  const { view } = input;
  const { face, everyNs } = policy.upload;
  if (everyNs === undefined) return undefined;
  const deadline = life.from + everyNs + view.passNs(plan);
  const lived = deadline <= view.lastAt && (life.to === undefined || life.to > deadline);
  const isUp = (server: string): boolean => view.downtimes.clear(server, face, life.from, deadline);
  const silenced = isSilenced(silencesOf(input, name), face, { from: life.from, to: deadline });
  return lived && !silenced && view.plan.servers.some(isUp) ? deadline : undefined;
}
