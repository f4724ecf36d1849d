import { HOUR, MINUTE, type Clock, type Nanos } from '../clock/clock.ts';
import { formatDuration } from '../clock/duration.ts';
import type { FieldValue, TraceEvent, UsageNote } from './event.ts';

/** An event without its time: the recorder adds it. */
export interface Happening {
  readonly actor: string;
  readonly event: string;
  readonly face?: string | undefined;
  readonly from?: string | undefined;
  readonly conn?: number | undefined;
  readonly fields?: Readonly<Record<string, FieldValue>> | undefined;
  readonly usage?: readonly UsageNote[] | undefined;
  readonly bytes?: string | undefined;
}

/** What a trace holds, so that nobody can take our memory. Who makes as many in an hour floods us; where they took longer, the play is too long. */
const MAX_EVENTS = 100_000;
/**
 * Attempts in vain of one client within a minute of case time: fifty a second, three hundred times what RT-4 allows. What it does
 * after that tells nothing new. Connections that are accepted may be work, and in virtual time work is quick.
 */
const MAX_VAIN_A_MINUTE = 3_000;
const IN_VAIN: ReadonlySet<string> = new Set(['refused', 'unanswered']);
const MAX_RAW_BYTES = 64 * 1024 * 1024;

/** Writes down what happens, and tells those who wait for an event. */
export class Recorder {
  readonly #clock: Clock;
  readonly #events: TraceEvent[] = [];
  readonly #listeners = new Set<(event: TraceEvent) => void>();
  /** By client: its attempts in vain in the minute that began then. */
  readonly #inVain = new Map<string, { from: Nanos; count: number }>();
  #rawBytes = 0;
  #backdated = false;
  #overflowed = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** True when a case made more events than are kept: the last one says why, and no other is taken. */
  get overflowed(): boolean {
    return this.#overflowed;
  }

  record(happening: Happening, at: Nanos = this.#clock.now()): void {
    if (this.#overflowed) return;
    const flood = this.#floodOf(happening, at);
    this.#overflowed = flood !== undefined;
    const event = toEvent(flood ?? happening, at);
    const last = this.#events.at(-1);
    if (last && last.at > at) this.#backdated = true;
    this.#events.push(event);
    for (const listener of this.#listeners) listener(event);
  }

  /** Raw bytes are kept up to a bound over the whole case; after that only their number. */
  recordBytes(happening: Happening, bytes: Buffer): void {
    this.#rawBytes += bytes.length;
    this.record({
      ...happening,
      fields: { ...happening.fields, length: bytes.length },
      bytes: this.#rawBytes <= MAX_RAW_BYTES ? bytes.toString('base64') : undefined,
    });
  }

  /** What is recorded in its place when it is one too many. */
  #floodOf({ actor, from, event }: Happening, at: Nanos): Happening | undefined {
    const because = (why: string): Happening => ({
      actor: from ?? actor,
      event: 'contract',
      fields: { why: `it floods the servers: more than ${why}` },
    });
    if (this.#events.length >= MAX_EVENTS)
      return at < HOUR ? because(`${MAX_EVENTS} events in one case`) : full(at);
    if (from === undefined || !IN_VAIN.has(event)) return undefined;
    const minute = this.#inVain.get(from);
    if (!minute || at - minute.from >= MINUTE) this.#inVain.set(from, { from: at, count: 1 });
    else if (++minute.count > MAX_VAIN_A_MINUTE)
      return because(`${MAX_VAIN_A_MINUTE} attempts in vain within a minute`);
    return undefined;
  }

  listen(listener: (event: TraceEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** All events in order of time; those of one time in the order in which they were recorded. */
  events(): readonly TraceEvent[] {
    if (!this.#backdated) return this.#events;
    return this.#events.toSorted((a, b) => (a.at < b.at ? -1 : a.at > b.at ? 1 : 0));
  }
}

function full(at: Nanos): Happening {
  const why = `a trace holds ${MAX_EVENTS} events, and ${formatDuration(at)} made as many`;
  return { actor: 'harness', event: 'full', fields: { why } };
}

function toEvent(happening: Happening, at: Nanos): TraceEvent {
  const { actor, event, face, from, conn, fields, usage, bytes } = happening;
  return {
    at,
    actor,
    ...(face !== undefined && { face }),
    event,
    ...(from !== undefined && { from }),
    ...(conn !== undefined && { conn }),
    fields: fields ?? {},
    ...(usage !== undefined && { usage }),
    ...(bytes !== undefined && { bytes }),
  };
}
