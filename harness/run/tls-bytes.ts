import type { Trace, TraceEvent } from '../trace/event.ts';

const CARRIES_BYTES: ReadonlySet<string> = new Set(['received', 'sent', 'swallowed']);
/** A record that begins a handshake: its type, then the major version (RFC 8446 §5.1). */
const HANDSHAKE = [22, 3];

/**
 * The trace with nothing of what stands inside TLS, from the first handshake on a connection on: keys and random numbers of Node's
 * TLS come from no seed, and signatures differ in length. Which pieces came when stays.
 */
export function withoutTlsBytes({ header, events }: Trace): Trace {
  const secured = new Set<number>();
  return {
    header,
    events: events.map((event): TraceEvent => {
      const { conn, bytes, fields } = event;
      if (conn === undefined || !CARRIES_BYTES.has(event.event)) return event;
      if (bytes !== undefined && beginsHandshake(bytes)) secured.add(conn);
      if (!secured.has(conn)) return event;
      const { bytes: _, ...rest } = event;
      return { ...rest, fields: { ...fields, length: 'tls' } };
    }),
  };
}

function beginsHandshake(base64: string): boolean {
  const start = Buffer.from(base64.slice(0, 4), 'base64');
  return HANDSHAKE.every((byte, at) => start[at] === byte);
}
