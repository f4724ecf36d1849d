import type { Step, StepTime } from '../../case/plan.ts';
import { SweepError } from './variation.ts';

/** The play without those steps; a step that is timed from one of them keeps its time. */
export function withoutSteps(play: readonly Step[], removed: readonly number[]): readonly Step[] {
  const left: Step[] = [];
  let before: StepTime | undefined;
  for (const [index, step] of play.entries()) {
    const time = before ? from(before, step) : step.time;
    before = removed.includes(index) ? time : undefined;
    if (!before) left.push({ ...step, time });
  }
  return left;
}

/** The time of a step when the one that it is timed from is gone. */
function from(removed: StepTime, { time, position }: Step): StepTime {
  if (time.kind === 'at') return time;
  if (time.kind === 'on')
    throw new SweepError(
      `line ${position.line}: this step waits for an event after a downtime that the sweep leaves out; give it a time`,
    );
  if (removed.kind === 'at') return { kind: 'at', at: removed.at + time.delay };
  return { ...removed, delay: removed.delay + time.delay };
}
