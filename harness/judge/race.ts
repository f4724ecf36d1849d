// A step of the play and a client that comes to that server right behind it: had the machine been quicker, it had come before.
import type { Nanos } from '../clock/clock.ts';
import type { TraceEvent } from '../trace/event.ts';

/** What a client cannot perceive, and its attempts meet. */
const STEPS: ReadonlySet<string> = new Set(['up', 'down']);
const ATTEMPTS: ReadonlySet<string> = new Set(['connect', 'refused', 'unanswered']);
const ENDS: ReadonlySet<string> = new Set(['reset', 'close']);

/**
 * How closely behind a step of the play the next attempt at that server came, the closest of all, up to the event of that index.
 * Not counted is a client that started later than the step, and one whose connection there the server ended: its attempt
 * may be the answer to it. Undefined: there is no such attempt.
 */
export function closestRace(events: readonly TraceEvent[], last: number): Nanos | undefined {
  let closest: Nanos | undefined;
  for (const [index, step] of events.entries()) {
    if (index > last) break;
    if (!STEPS.has(step.event)) continue;
    const gap = gapBehind(step, events.slice(0, index), events.slice(index + 1, last + 1));
    if (gap !== undefined && (closest === undefined || gap < closest)) closest = gap;
  }
  return closest;
}

function gapBehind(
  step: TraceEvent,
  before: readonly TraceEvent[],
  behind: readonly TraceEvent[],
): Nanos | undefined {
  for (const { at, actor, face, event, from, fields } of behind) {
    if (actor !== step.actor || (step.face !== undefined && face !== step.face)) continue;
    if (ENDS.has(event) && fields['by'] === 'server') return undefined;
    if (!ATTEMPTS.has(event)) continue;
    const started = before.findLast((other) => other.event === 'start' && other.actor === from);
    return started && started.at < step.at ? at - step.at : undefined;
  }
  return undefined;
}
