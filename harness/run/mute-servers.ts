// Real servers behind `tls: terminate` of which no byte has come: no fault of the client, but a mistake that a pass would hide.
import { isOfTls } from '../judge/view/attempts.ts';
import type { TraceEvent } from '../trace/event.ts';

/**
 * A line that names each server that has ended a connection inside TLS, unstruck by any fault, and has sent nothing in the whole
 * case. One that only listens (a log) ends none.
 */
export function muteServerNotes(events: readonly TraceEvent[]): readonly string[] {
  const spoke = new Set<string>();
  const struck = new Set<number>();
  const shaken = new Set<number>();
  const ended = new Set<string>();
  for (const event of events) {
    const { actor, conn } = event;
    if (conn === undefined) continue;
    if (event.event === 'sent' && isOfTls(event)) shaken.add(conn);
    else if (event.event === 'sent') spoke.add(actor);
    else if (event.event === 'answer-lost' || event.event === 'swallowed') struck.add(conn);
    else if (event.event === 'close' && event.fields['by'] === 'server')
      if (shaken.has(conn) && !struck.has(conn)) ended.add(actor);
  }
  const mute = [...ended].filter((server) => !spoke.has(server)).toSorted();
  if (mute.length === 0) return [];
  return [
    `connections to ${mute.join(' and ')} ended and nothing came from the real server behind: it may be TLS that it wants, or does not (upstreamTls), or the client does not trust {ca}`,
  ];
}
