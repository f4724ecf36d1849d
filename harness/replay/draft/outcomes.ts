// What became of each connection attempt, as far as the wire shows it.
import type { Nanos } from '../../clock/clock.ts';
import { formatDuration } from '../../clock/duration.ts';
import type { TraceEvent } from '../../trace/event.ts';
import { ATTEMPTS } from '../../trace/vocabulary.ts';

export interface Outcome {
  readonly at: Nanos;
  /** Of the attempt, in the session. */
  readonly place: number;
  readonly server: string;
  readonly face: string;
  readonly client: string;
  /** As a case writes it behind `down`; undefined: it was answered. */
  readonly fault?: string;
  /** Why that fault is supposed. */
  readonly why?: string;
}

interface Talk {
  readonly place: number;
  readonly event: TraceEvent;
  received: boolean;
  sentBytes: number;
  /** A whole request of which something is accepted was understood. */
  asked: boolean;
  answered: boolean;
  fault?: string;
  why?: string;
  endedBy?: 'reset' | 'close';
  by?: string;
}

/** In the order of the attempts; those of which nothing can be told are left out. */
export function outcomesIn(events: readonly TraceEvent[]): readonly Outcome[] {
  const talks = new Map<number, Talk>();
  const found: Outcome[] = [];
  for (const [place, event] of events.entries()) {
    const { conn, face } = event;
    if (face === undefined) continue;
    if (event.event === 'refused') found.push(outcome(place, event, 'refuse'));
    else if (event.event === 'unanswered') found.push(outcome(place, event, 'black-hole'));
    else if (conn === undefined) continue;
    else if (ATTEMPTS.has(event.event))
      talks.set(conn, {
        place,
        event,
        received: false,
        sentBytes: 0,
        asked: false,
        answered: false,
      });
    else {
      const talk = talks.get(conn);
      if (talk) listen(talk, event);
    }
  }
  for (const talk of talks.values()) {
    const told = toldBy(talk);
    if (told) found.push(told);
  }
  return found.toSorted((a, b) => a.place - b.place);
}

function listen(talk: Talk, { event, fields }: TraceEvent): void {
  if (event === 'received' || event === 'swallowed') talk.received = true;
  else if (event === 'sent') talk.sentBytes += Number(fields['length'] ?? 0);
  else if (event === 'reset' || event === 'close') {
    talk.endedBy ??= event;
    talk.by ??= String(fields['by']);
  } else {
    talk.asked ||= event === 'upload-offer' || event === 'lease-request';
    talk.answered ||= ANSWERS.has(event);
    const fault = answerFault(event, fields);
    if (fault !== undefined) {
      talk.fault ??= fault;
      talk.why ??= 'as it answered';
    }
  }
}

/** `hello` and `lease-request` are noted with the request. */
const ANSWERS: ReadonlySet<string> = new Set([
  'probe',
  'configuration',
  'upload-accept',
  'upload-refuse',
  'hello',
  'lease-grant',
  'lease-deny',
  'login-refused',
  'busy',
]);
const HTTP_FAULTS: ReadonlySet<string> = new Set(['413', '429', '503', '507']);

function answerFault(event: string, fields: TraceEvent['fields']): string | undefined {
  const after = fields['retry-after'];
  const wait = after === undefined ? '' : ` retry-after=${formatDuration(seconds(after))}`;
  if (event === 'login-refused') return 'login-refused';
  if (event === 'busy') return `busy${wait}`;
  const status = String(fields['status'] ?? '');
  if (status === '401') return 'login-refused';
  if (!HTTP_FAULTS.has(status)) return undefined;
  return status === '503' || status === '429' ? `${status}${wait}` : status;
}

function seconds(value: unknown): Nanos {
  const number = Number(value);
  return BigInt(Number.isFinite(number) && number > 0 ? Math.round(number) : 1) * 1_000_000_000n;
}

function toldBy({ place, event, ...talk }: Talk): Outcome | undefined {
  if (talk.fault !== undefined) return outcome(place, event, talk.fault, talk.why);
  const isByServer = talk.by === 'server';
  if (talk.sentBytes > 0) {
    const isCut = isByServer && !talk.answered;
    if (!isCut) return outcome(place, event);
    const end = talk.endedBy === 'reset' ? 'rst' : 'fin';
    return outcome(place, event, `cut ${talk.sentBytes} ${end}`, 'an answer broke off there');
  }
  if (talk.endedBy === undefined) return undefined;
  if (!isByServer)
    return talk.asked
      ? outcome(place, event, 'lost-ack', 'no answer came; it may have been a hang')
      : outcome(place, event, 'hang', 'no answer came');
  if (!talk.received) return outcome(place, event, 'reset');
  return outcome(
    place,
    event,
    'reset-after-request',
    'the request may have been carried out: then it was lost-ack',
  );
}

function outcome(
  place: number,
  { at, actor, face, from }: TraceEvent,
  fault?: string,
  why?: string,
): Outcome {
  return {
    at,
    place,
    server: actor,
    face: face!,
    client: from ?? 'client',
    ...(fault !== undefined && { fault }),
    ...(why !== undefined && { why }),
  };
}
