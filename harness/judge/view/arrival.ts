import { SECOND, type Nanos } from '../../clock/clock.ts';
import type { TraceEvent } from '../../trace/event.ts';

/** An event and where it stands in the trace. */
export interface Indexed {
  readonly index: number;
  readonly event: TraceEvent;
}

/** Whether an answer reached the client, as far as the server's side can tell, and when it left. */
export interface Arrival {
  readonly state: 'yes' | 'no' | 'perhaps';
  readonly at?: Nanos;
  readonly index?: number;
}

/** The place of the first that stands behind that index of the trace. */
export function firstAfter(rising: readonly { readonly index: number }[], index: number): number {
  let low = 0;
  let high = rising.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (rising[middle]!.index <= index) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** A reset soon behind an answer may overtake it. */
const OVERTAKING: Nanos = SECOND;

/**
 * Follows the answer that the event at `position` announces through the rest of its connection. It arrived when bytes were
 * sent and nothing says that the rest was lost; bytes that a reset may have overtaken arrived perhaps.
 */
export function arrivalOf(connection: readonly Indexed[], position: number): Arrival {
  let sent: { at: Nanos; index: number } | undefined;
  let clientLeft = false;
  const arrived = (state: 'yes' | 'perhaps'): Arrival =>
    sent ? { state: clientLeft ? 'perhaps' : state, ...sent } : { state: 'no' };
  for (let next = position + 1; next < connection.length; next++) {
    const { index, event } = connection[next]!;
    const byServer = event.fields['by'] === 'server';
    if (event.event === 'sent') sent ??= { at: event.at, index };
    else if (event.event === 'answer-lost' || event.event === 'malformed') return { state: 'no' };
    // What a client makes of an answer with flipped bits depends on which they are.
    else if (event.event === 'garbled' && sent) return arrived('perhaps');
    else if ((event.event === 'received' || event.event === 'swallowed') && sent)
      return arrived('yes');
    else if (event.event === 'reset' && byServer)
      return arrived(sent && event.at - sent.at < OVERTAKING ? 'perhaps' : 'yes');
    else if (event.event === 'close' && byServer) return arrived('yes');
    else if (event.event === 'close' || event.event === 'reset') {
      if (sent) return arrived('yes');
      clientLeft = true;
    }
  }
  return arrived('yes');
}
