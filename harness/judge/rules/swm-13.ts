import { MILLISECOND } from '../../clock/clock.ts';
import { formatDuration, fromMs, toMs } from '../../clock/duration.ts';
import { entryOfRun, runText } from '../ledger.ts';
import { livesThrough } from '../view/lives.ts';
import type { Run } from '../view/runs.ts';
import {
  broken,
  counted,
  couldNotTell,
  defineRule,
  kept,
  type RuleCase,
  type RuleClient,
} from './rule.ts';

/** What a command takes to reach the client, and a clock to tick, on the client's own clock. */
const TOLERANCE_MS = 2000;

export const SWM_13 = defineRule({
  id: 'SWM-13',
  version: 1,
  obligation: 'the client goes on metering while it synchronizes, and when no server answers',
  source: 'Q213157, Q226827',
  always: false,
  needs:
    'a program runs from start to stop in one life of the client, while the client synchronizes or all servers are down',
  judge(input) {
    const { view, clients, ledger, divisor } = input;
    const seen = { synchronizing: 0, alone: 0 };
    let why = 'no program ran while a client synchronized or no server answered';
    for (const client of clients)
      for (const run of view.runs(client.name)) {
        const { program, startAt, stopAt, owedAt } = run;
        const trial = trialOf(input, client, run);
        if (!trial || stopAt === undefined || owedAt === undefined || run.denied) continue;
        if (!livesThrough(view.lives(client.name), startAt, owedAt)) continue;
        const entry = entryOfRun(ledger, run);
        const account = view.record(client.name, entry?.record);
        if (!entry || !account) {
          why = 'the drain did not come to its end';
          if (!entry || entry.state !== 'lost' || view.drainedAt === undefined) continue;
          return broken({
            expected: `a usage record of ${program} from ${formatDuration(startAt)} to ${formatDuration(stopAt)}`,
            actual: 'none was ever offered',
            by: `not metered: ${runText(entry)}`,
            index: view.events.findLastIndex(({ at }) => at <= stopAt),
          });
        }
        const [usage] = account.descriptions;
        const ranMs = toMs(stopAt - (run.meteredFrom ?? startAt)) / divisor;
        const missingMs = ranMs - (usage!.stopMs - usage!.startMs);
        if (missingMs > TOLERANCE_MS)
          return broken({
            expected: `usage of ${formatDuration(fromMs(Math.round(ranMs)))}: ${program} ran from ${formatDuration(startAt)} to ${formatDuration(stopAt)}, ${trial === 'synchronizing' ? 'while the client synchronized' : 'while no server answered'}`,
            actual: `${formatDuration(fromMs(Math.max(0, Math.round(usage!.stopMs - usage!.startMs))))} in record ${account.record}`,
            by: `${formatDuration(fromMs(Math.round(missingMs)))} lost`,
            marginNs: BigInt(Math.round((missingMs - TOLERANCE_MS) * divisor)) * MILLISECOND,
            index: account.offers[0]!.index,
          });
        seen[trial]++;
      }
    const { synchronizing, alone } = seen;
    if (synchronizing + alone === 0) return couldNotTell(why);
    return kept(
      `${counted(synchronizing, 'run')} metered whole while the client synchronized, ${alone} while no server answered`,
    );
  },
});

/** What that run went through; undefined: nothing of the kind. */
function trialOf(
  { view }: RuleCase,
  { name, policy }: RuleClient,
  { startAt, stopAt = view.lastAt }: Run,
): 'synchronizing' | 'alone' | undefined {
  const { face } = policy.upload;
  const within = view.attemptsOn(name, face).some(({ at }) => at >= startAt && at <= stopAt);
  if (within) return 'synchronizing';
  const faces = policy.acquire ? [policy.acquire.face, face] : [face];
  const down = (server: string): boolean =>
    faces.every((one) => !view.downtimes.clear(server, one, startAt, stopAt));
  return view.plan.servers.every(down) ? 'alone' : undefined;
}
