import type { Nanos } from '../../clock/clock.ts';
import type { TraceEvent } from '../../trace/event.ts';

/** One process of a client, from its start to its end. */
export interface Life {
  readonly from: Nanos;
  /** Absent: it outlived the trace. */
  readonly to?: Nanos;
}

export function livesOf(events: readonly TraceEvent[], client: string): readonly Life[] {
  const lives: Life[] = [];
  let from: Nanos | undefined;
  for (const { at, actor, event } of events) {
    if (actor !== client) continue;
    if (event === 'start') from ??= at;
    else if ((event === 'kill' || event === 'exit') && from !== undefined) {
      lives.push({ from, to: at });
      from = undefined;
    }
  }
  if (from !== undefined) lives.push({ from });
  return lives;
}

/** When the process that lives at that time was started; undefined: none does. */
export function startedAt(lives: readonly Life[], at: Nanos): Nanos | undefined {
  return lives.findLast((life) => life.from <= at && (life.to === undefined || life.to > at))?.from;
}

/** True when one and the same process lives from `from` to `to`. */
export function livesThrough(lives: readonly Life[], from: Nanos, to: Nanos): boolean {
  return lives.some(
    (life) => life.from <= from && (life.to === undefined || life.to > to) && from <= to,
  );
}
