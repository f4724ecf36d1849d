// Steps of a play with the times that a case can say: at a time, some time after the step before, or at an event.
import { SECOND, type Nanos } from '../../clock/clock.ts';
import { formatDuration } from '../../clock/duration.ts';
import type { TraceEvent } from '../../trace/event.ts';
import { formatActor } from '../../trace/format.ts';
import { isMeaning, type Line } from './line.ts';

export interface DraftStep {
  readonly at: Nanos;
  /** The events before this place of the session came before the step. */
  readonly place: number;
  readonly actor: string;
  readonly action: string;
  readonly comment?: string;
  /** Of a run. */
  readonly run?: { readonly program: string; readonly to: Nanos };
}

const MAX_STEPS = 500;

/** Sorted by time; the last one is the end. Throws an Error for more than a case should have. */
export function stepLines(
  steps: readonly DraftStep[],
  events: readonly TraceEvent[],
): readonly Line[] {
  if (steps.length > MAX_STEPS)
    throw new Error(
      `its play would have ${steps.length} steps, more than ${MAX_STEPS}: record or import a shorter time or fewer clients`,
    );
  return steps.map((step, index) => {
    const { actor, action, comment } = step;
    const time = timeText(step, steps[index - 1], events);
    const columns = action === 'end' ? [time, action] : [time, actor, action];
    return { columns, ...(comment !== undefined && { comment }) };
  });
}

/** A step that is not at a full tenth of a second was brought about by something. */
function timeText(
  { at, place }: DraftStep,
  before: DraftStep | undefined,
  events: readonly TraceEvent[],
): string {
  if (isRound(at)) return formatDuration(at);
  if (before && isRound(at - before.at)) return `+${formatDuration(at - before.at)}`;
  const cause = events.findLastIndex(
    (event, index) => index < place && isMeaning(event) && isRound(at - event.at),
  );
  // A step that waits for an event begins to wait at the step before.
  if (cause < 0 || (before && cause < before.place)) return formatDuration(at);
  const event = events[cause]!;
  const nth = events
    .slice(before?.place ?? 0, cause + 1)
    .filter(
      (other) =>
        isMeaning(other) &&
        other.event === event.event &&
        formatActor(other) === formatActor(event),
    ).length;
  const delay = at - event.at;
  return [
    `on ${formatActor(event)} ${event.event}`,
    ...(nth > 1 ? [`#${nth}`] : []),
    ...(delay > 0n ? [`+${formatDuration(delay)}`] : []),
  ].join(' ');
}

function isRound(time: Nanos): boolean {
  return time % (SECOND / 10n) === 0n;
}
