import type { Nanos } from '../../clock/clock.ts';
import type { View } from './view.ts';

/** A client says that its spool was full and that it has dropped so many records: that counts them, and is evidence of nothing else. */
export interface Drop {
  readonly at: Nanos;
  readonly index: number;
  readonly count: number;
}

/** A drop is an event `dropped` of the client with `count=`, by default 1. */
export function dropsOf(view: View, client: string): readonly Drop[] {
  return view.around(client).flatMap(({ index, event: { actor, event, fields, at } }) => {
    if (actor !== client || event !== 'said' || fields['event'] !== 'dropped') return [];
    const count = Number(fields['count'] ?? 1);
    return Number.isSafeInteger(count) && count > 0 ? [{ at, index, count }] : [];
  });
}
