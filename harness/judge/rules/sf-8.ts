import type { Nanos } from '../../clock/clock.ts';
import { formatDuration } from '../../clock/duration.ts';
import { runText } from '../ledger.ts';
import { livesThrough } from '../view/lives.ts';
import { refusalsOf, type Refusal } from './refusals.ts';
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

export const SF_8 = defineRule({
  id: 'SF-8',
  version: 1,
  obligation:
    'the client isolates a record that is refused for good: the ones behind it go through, and the refusal is reported',
  source: 'OTLP specification; field issues',
  always: false,
  needs:
    'other records wait when one is refused for good, and one more interval passes with a server up. That the refusal is reported is not judged: stderr is not in a trace',
  judge(input) {
    const { view, clients } = input;
    let passed = 0;
    let why = 'no server refused a record for good';
    for (const client of clients)
      for (const refusal of refusalsOf(view, client.name)) {
        if (!refusal.final || refusal.answered === undefined) continue;
        const refused = new Set(refusal.usage.map(({ record }) => record));
        const behind = pendingAt(
          input,
          client.name,
          refusal.at - view.passNs(client.plan),
          refusal.at,
        ).filter(({ record }) => record === undefined || !refused.has(record));
        if (behind.length === 0) {
          why = 'nothing else waited when a record was refused for good';
          continue;
        }
        const deadline = dueBy(input, client, refusal);
        const stuck = behind.filter(({ record }) => {
          const offers = view.record(client.name, record)?.offers ?? [];
          return !offers.some(
            ({ index, at }) => index > refusal.index && at <= (deadline ?? view.lastAt),
          );
        });
        passed += behind.length - stuck.length;
        if (stuck.length === 0) continue;
        why = 'there was not enough time for what stood behind a refused record';
        if (deadline === undefined) continue;
        return broken({
          expected: `${counted(behind.length, 'record')} behind it offered by ${formatDuration(deadline)}: ${refusal.server} refused ${[...refused].join(', ') || (refusal.log ?? 'a log')} for good at ${formatDuration(refusal.at)}`,
          actual: `${behind.length - stuck.length} offered`,
          by: `held up: ${listed(stuck.map(runText))}`,
          index: refusal.index,
        });
      }
    if (passed === 0) return couldNotTell(why);
    return kept(`${counted(passed, 'record')} went through behind what was refused for good`);
  },
});

/** One more synchronization, where the client lived so long and some server was up. */
function dueBy(
  input: RuleCase,
  { name, plan, policy }: RuleClient,
  { at }: Refusal,
): Nanos | undefined {
  const { view } = input;
  const { face, everyNs, gapNs } = policy.upload;
  const deadline = at + (everyNs ?? gapNs) + view.passNs(plan);
  const isUp = (server: string): boolean => view.downtimes.clear(server, face, at, deadline);
  const judged =
    deadline <= view.lastAt &&
    livesThrough(view.lives(name), at, deadline) &&
    !isSilenced(silencesOf(input, name), face, { from: at, to: deadline }) &&
    view.plan.servers.some(isUp);
  return judged ? deadline : undefined;
}
