import type { ClientPlan } from '../../case/plan.ts';
import { MINUTE, type Nanos } from '../../clock/clock.ts';
import { formatDuration } from '../../clock/duration.ts';
import { formatEvent } from '../../trace/format.ts';
import type { Attempt } from '../view/attempts.ts';
import { startedAt } from '../view/lives.ts';
import { broken, defineRule, kept, nothingSeen, type Outcome, type RuleCase } from './rule.ts';

/** Connection attempts of one process on one server within a minute. */
export const ATTEMPTS_PER_MINUTE = 10;
/** Where the settings ask for something every few seconds, the attempts of so many intervals count in place of those of a minute. */
const INTERVALS = 3n;
/** Of the delay that an opaque client states: it has no work but its attempts, so that ten in six delays are too many at any pace. */
const OPAQUE_DELAYS = 6n;

export const RT_4 = defineRule({
  id: 'RT-4',
  version: 1,
  obligation: 'the client never exceeds its attempt budget in a window (no retry storm)',
  source: 'SRE book "Handling Overload"',
  always: true,
  needs: 'a client tries any server',
  judge: (input) =>
    judgeWithin(input, ({ retryDelayNs, pollingIntervalNs }) =>
      shorter(INTERVALS * shorter(retryDelayNs, pollingIntervalNs), MINUTE),
    ),
  judgeOpaque: (input) =>
    judgeWithin(input, ({ retryDelayNs }) => shorter(OPAQUE_DELAYS * retryDelayNs, MINUTE)),
});

/** `unstated`: the window, where the profile states no budget. */
function judgeWithin(input: RuleCase, unstated: (plan: ClientPlan) => Nanos): Outcome {
  const { view, clients } = input;
  const stated = view.plan.policy?.attemptsPerMinute;
  const budget = stated ?? ATTEMPTS_PER_MINUTE;
  let most = { count: 0, span: MINUTE, place: '', at: 0n };
  for (const { name, plan } of clients) {
    const span = stated === undefined ? unstated(plan) : MINUTE;
    for (const server of view.plan.servers) {
      const stored = new Set<string>();
      const window: Attempt[] = [];
      for (const attempt of view.attemptsBy(name)) {
        if (attempt.server !== server) continue;
        // A connection on which new records were stored is work, however many logs there are.
        if (storesNew(attempt, stored)) continue;
        const lives = view.lives(name);
        const bornAt = startedAt(lives, attempt.at);
        while (
          window[0] &&
          (attempt.at - window[0].at >= span || startedAt(lives, window[0].at) !== bornAt)
        )
          window.shift();
        window.push(attempt);
        const place = `${server}.${attempt.face}`;
        if (window.length > most.count)
          most = { count: window.length, span, place, at: attempt.at };
        if (window.length <= budget) continue;
        const within = attempt.at - window[0]!.at;
        return broken({
          expected: `at most ${budget} attempts on ${server} in ${spanText(span)}`,
          actual: formatEvent(view.events[attempt.index]!),
          by: `this is number ${window.length} within ${formatDuration(within)}`,
          marginNs: span - within,
          index: attempt.index,
        });
      }
    }
  }
  if (most.count === 0) return nothingSeen('no client tried any server', input);
  return kept(
    `at most ${most.count} in ${spanText(most.span)}, on ${most.place} up to ${formatDuration(most.at)}`,
  );
}

function shorter(a: Nanos, b: Nanos): Nanos {
  return a < b ? a : b;
}

function spanText(span: Nanos): string {
  return span === MINUTE ? 'a minute' : formatDuration(span);
}

function storesNew({ events }: Attempt, stored: Set<string>): boolean {
  const before = stored.size;
  for (const { event } of events)
    if (event.event === 'upload-accept')
      for (const { record } of event.usage ?? []) stored.add(record);
  return stored.size > before;
}
