import type { Nanos } from '../../clock/clock.ts';
import { formatDuration } from '../../clock/duration.ts';
import { formatEvent } from '../../trace/format.ts';
import type { PhasePolicy } from '../policy.ts';
import type { Attempt } from '../view/attempts.ts';
import { livesThrough, startedAt } from '../view/lives.ts';
import {
  broken,
  counted,
  couldNotTell,
  defineRule,
  kept,
  listed,
  type RuleCase,
  type RuleClient,
} from './rule.ts';

export const SWM_7 = defineRule({
  id: 'SWM-7',
  version: 1,
  obligation:
    'the client, after a refused login, stops asking until something changes: at most the configured attempts, never a storm',
  source: 'Q287626, Q256212',
  always: false,
  needs: 'a login is refused, and the client lives on for one delay and one pass',
  judge(input) {
    const { view, clients } = input;
    const stopped: string[] = [];
    let why = 'no login was refused';
    for (const client of clients)
      for (const phase of phasesOf(client))
        for (const server of view.plan.servers)
          for (const series of seriesOf(input, client, phase, server)) {
            const [first] = series;
            const place = `${server}.${phase.face}`;
            const extra = series[phase.attempts];
            if (extra)
              return broken({
                expected: `at most ${counted(phase.attempts, 'refused login')} on ${place} ${
                  phase.everyNs === undefined
                    ? 'until something changes'
                    : `within an interval of ${formatDuration(phase.everyNs)}`
                }`,
                actual: formatEvent(view.events[extra.index]!),
                by: `login number ${phase.attempts + 1}, ${counted(series.length, 'refusal')} in all`,
                index: extra.index,
              });
            const until = first!.at + phase.gapNs + view.passNs(client.plan);
            if (until <= view.lastAt && livesThrough(view.lives(client.name), first!.at, until))
              stopped.push(
                `${place} refused the login at ${formatDuration(first!.at)}: ${counted(series.length, 'login')} in all`,
              );
            else why = 'no client lived for long enough after its login was refused';
          }
    return stopped.length > 0 ? kept(listed(stopped)) : couldNotTell(why);
  },
});

function phasesOf({ policy }: RuleClient): readonly PhasePolicy[] {
  return policy.acquire ? [policy.acquire, policy.upload] : [policy.upload];
}

/**
 * The refused logins at one server between which nothing changed: no login that was accepted, no new process, and, for a phase
 * that falls due by itself, no new interval.
 */
function seriesOf(
  { view }: RuleCase,
  { name }: RuleClient,
  { face, everyNs }: PhasePolicy,
  server: string,
): readonly (readonly Attempt[])[] {
  const lives = view.lives(name);
  const all: Attempt[][] = [];
  let current: Attempt[] = [];
  let before: string | undefined;
  for (const attempt of view.attemptsOn(name, face, server)) {
    if (!isRefused(attempt)) {
      if (attempt.answers.length > 0) current = [];
      continue;
    }
    const bornAt = startedAt(lives, attempt.at);
    const key = `${bornAt} ${intervalOf(attempt.at, bornAt, everyNs)}`;
    if (current.length === 0 || key !== before) all.push((current = []));
    before = key;
    current.push(attempt);
  }
  return all;
}

function intervalOf(at: Nanos, bornAt: Nanos | undefined, everyNs: Nanos | undefined): Nanos {
  return bornAt === undefined || everyNs === undefined ? 0n : (at - bornAt) / everyNs;
}

function isRefused({ events }: Attempt): boolean {
  return events.some(({ event }) => event.event === 'login-refused');
}
