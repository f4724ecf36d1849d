// What the clients of a capture did on the wire: their attempts, and the bytes that they sent.
import type { Nanos } from '../clock/clock.ts';
import type { TraceEvent } from '../trace/event.ts';
import { ATTEMPTS } from '../trace/vocabulary.ts';

export interface ClientDeed {
  readonly kind: 'send' | 'end' | 'reset';
  readonly at: Nanos;
  /** Place in the list of events. */
  readonly index: number;
  /** Of `send`. */
  readonly bytes: Buffer;
}

/** One connection attempt, and what the client did on the connection. */
export interface RecordedAttempt {
  readonly server: string;
  readonly face: string;
  readonly client: string;
  readonly at: Nanos;
  readonly index: number;
  readonly outcome: string;
  readonly conn?: number;
  readonly deeds: readonly ClientDeed[];
  /** Everything on its connection, by place. */
  readonly all: readonly number[];
}

/** In the order in which they were made. */
export function attemptsOf(events: readonly TraceEvent[]): readonly RecordedAttempt[] {
  const attempts: (RecordedAttempt & { deeds: ClientDeed[]; all: number[] })[] = [];
  const open = new Map<number, (typeof attempts)[number]>();
  for (const [index, event] of events.entries()) {
    const { at, actor: server, face, from: client = '', conn, fields, bytes } = event;
    if (face === undefined) continue;
    if (ATTEMPTS.has(event.event)) {
      const made = {
        server,
        face,
        client,
        at,
        index,
        outcome: event.event,
        deeds: [],
        all: [index],
      };
      attempts.push(conn === undefined ? made : { ...made, conn });
      if (conn !== undefined) open.set(conn, attempts.at(-1)!);
      continue;
    }
    const attempt = open.get(conn ?? 0);
    if (!attempt) continue;
    attempt.all.push(index);
    const kind = kindOf(event.event, fields['by'] === 'client');
    if (kind) attempt.deeds.push({ kind, at, index, bytes: Buffer.from(bytes ?? '', 'base64') });
  }
  return attempts;
}

function kindOf(event: string, byClient: boolean): ClientDeed['kind'] | undefined {
  // What went nowhere was sent all the same.
  if (event === 'received' || event === 'swallowed') return 'send';
  if (!byClient) return undefined;
  if (event === 'close') return 'end';
  return event === 'reset' ? 'reset' : undefined;
}
