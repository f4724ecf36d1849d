// Where `tls: terminate` goes wrong: real servers of which no byte has come, and clients that begin no TLS. No fault of the client, but
// mistakes that a pass would hide.
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

/**
 * A line that names each server of `tls: terminate` at which nothing has come from any client, on connections that it gave up
 * itself, unstruck by any fault: it waits for a greeting, and the end of TLS waits for it.
 */
export function noTlsNotes(events: readonly TraceEvent[]): readonly string[] {
  const heard = new Set<string>();
  const struck = new Set<number>();
  const left = new Set<string>();
  for (const { actor, event, conn, fields } of events) {
    if (conn === undefined) continue;
    if (event === 'received' || event === 'sent') heard.add(actor);
    else if (event === 'answer-lost' || event === 'swallowed') struck.add(conn);
    else if (event === 'close' && fields['by'] === 'client' && !struck.has(conn)) left.add(actor);
  }
  const unheard = [...left].filter((server) => !heard.has(server)).toSorted();
  if (unheard.length === 0) return [];
  return [
    `the client sent nothing on its connections to ${unheard.join(' and ')}: with tls: terminate it has to begin TLS at once (no STARTTLS, no greeting before it)`,
  ];
}
