import type { Reply } from './reply.ts';

/** Leases stay: a client says bye at the end of a connection, not of a program. */
export function bye(): Reply {
  return { notes: [{ event: 'bye' }], end: true };
}
