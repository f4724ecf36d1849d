// A server that flaps so often that the play alone would fill the trace: the client would be taken for one that floods the servers.
import type { Nanos } from '../../clock/clock.ts';
import { type Problem, quote } from '../errors.ts';
import type { Action, Step } from '../plan.ts';

/** How often a fault begins at most; a trace holds 100 000 events, and each time is two of them. */
const MAX_FLAPS = 10_000n;

/** Adds a problem for each `for D every D` that surely begins more often, by the earliest times of the play. */
export function checkFlaps(steps: readonly Step[], problems: Problem[]): void {
  const times = earliest(steps);
  for (const [index, { action, position, text }] of steps.entries()) {
    if (action.kind !== 'down' || action.until.kind !== 'for' || action.until.every === undefined)
      continue;
    const later = steps.findIndex((step, at) => at > index && isEndOf(step.action, action));
    const until = times.at(later)!;
    if (until - times[index]! <= action.until.every * MAX_FLAPS) continue;
    problems.push({
      position,
      what: `${quote(text)} begins more than ${MAX_FLAPS} times`,
      right: 'write a longer time after every, or end it sooner with up',
    });
  }
}

/** When each step can be taken at the earliest. */
function earliest(steps: readonly Step[]): readonly Nanos[] {
  let at: Nanos = 0n;
  return steps.map(({ time }) => (at = time.kind === 'at' ? time.at : at + time.delay));
}

function isEndOf(action: Action, fault: Extract<Action, { kind: 'down' }>): boolean {
  if (action.kind !== 'up' || action.server !== fault.server) return false;
  return action.face === undefined || action.face === fault.face;
}
