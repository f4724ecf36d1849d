// What a client's own clocks showed at a case time.
import { MILLISECOND, type Nanos } from '../../clock/clock.ts';
import { parseDuration } from '../../clock/duration.ts';
import type { TraceHeader } from '../../trace/event.ts';
import type { View } from './view.ts';

/** Date of case time 0s in milliseconds since 1970, and how many times faster case time goes than the client's. */
export interface WallClock {
  readonly epochMs: number;
  readonly divisor: number;
}

/** 60 for `scaled:60`, else 1. */
export function divisorOf({ time }: Pick<TraceHeader, 'time'>): number {
  return Number(/^scaled:(\d+)$/.exec(time)?.[1] ?? 1);
}

/** Milliseconds since 1970 on the wall clock of a client. */
export function wallMs(
  view: View,
  { epochMs, divisor }: WallClock,
  client: string,
  at: Nanos,
): number {
  const setBy = clockChanges(view, client)
    .filter((change) => change.at <= at)
    .reduce((sum, { by }) => sum + by, 0n);
  return epochMs + Number(at / MILLISECOND) / divisor + Number(setBy / MILLISECOND);
}

/** When the wall clock of a client was set, and by how much. */
export function clockChanges(
  view: View,
  client: string,
): readonly { readonly at: Nanos; readonly by: Nanos; readonly index: number }[] {
  return view.once(`clock ${client}`, () =>
    view
      .around(client)
      .flatMap(({ index, event: { actor, event, at, fields } }) =>
        actor === client && event === 'clock'
          ? [{ at, by: signedDuration(String(fields['by'])), index }]
          : [],
      ),
  );
}

/** `-1d`, `+2h`; 0 for what is no duration. */
export function signedDuration(text: string): Nanos {
  const duration = parseDuration(text.replace(/^[+-]/, '')) ?? 0n;
  return text.startsWith('-') ? -duration : duration;
}
