// What a capture without a case lets suppose: who the servers and clients are, and what was down when.
import { CLIENT_FIELDS } from '../case/schema.ts';
import type { ClientPlan, Plan } from '../case/plan.ts';
import { HOUR, SECOND } from '../clock/clock.ts';
import { parseDuration } from '../clock/duration.ts';
import type { Trace, TraceEvent } from '../trace/event.ts';
import { ATTEMPTS } from '../trace/vocabulary.ts';

/** Settings of the clients as a case writes them: `{ attempts: '5', retryDelay: '15m' }`. */
export type Settings = Readonly<Partial<Record<keyof typeof CLIENT_FIELDS, string>>>;

/** Whose settings a capture does not show: those of cases that say nothing hold. */
export function inferPlan({ header, events }: Trace, file: string, settings: Settings = {}): Plan {
  const servers = unique(events.flatMap(({ actor, face }) => (face === undefined ? [] : actor)));
  const named = unique(
    events.flatMap(({ face, from }) => (face === undefined ? [] : (from ?? []))),
  );
  const clients = named.length > 0 ? named : ['client'];
  const online = onlineClients(events);
  const modeOf = (name: string): ClientPlan['mode'] =>
    online.has(name) || online.has(undefined) ? 'online' : 'offline';
  return {
    id: header.case,
    suite: header.case.split('/')[0]!,
    file,
    title: 'a captured session without a case',
    source: ['docs/captures.md'],
    rules: [],
    dialect: 'metering',
    servers,
    clients: clients.map((name) => clientPlan(name, modeOf(name), settings)),
    seats: {},
    forbidden: [],
    toleranceNs: SECOND,
    play: [],
    expect: [],
    never: [],
    catches: [],
    timedOutAfterNs: 2n * HOUR,
  };
}

/** Settings for a file that names them; throws an error that says which one is wrong. */
export function parseSetting(text: string): Settings {
  const [, key = '', value = ''] = /^(\w+)=(.+)$/.exec(text) ?? [];
  const field = Object.hasOwn(CLIENT_FIELDS, key)
    ? CLIENT_FIELDS[key as keyof typeof CLIENT_FIELDS]
    : undefined;
  if (!field)
    throw new Error(
      `"${text}" is not like retryDelay=15m; there are ${Object.keys(CLIENT_FIELDS).join(', ')}`,
    );
  const isNumber = ['attempts', 'retryJitter', 'spoolRecords'].includes(key);
  const checked = field.safeParse(isNumber ? Number(value) : value);
  if (!checked.success) throw new Error(`${key}: it is ${checked.error.issues[0]!.message}`);
  return { [key]: value };
}

function clientPlan(name: string, mode: ClientPlan['mode'], settings: Settings): ClientPlan {
  const of = (key: keyof typeof CLIENT_FIELDS) =>
    String(settings[key] ?? CLIENT_FIELDS[key].parse(undefined));
  const ns = (key: keyof typeof CLIENT_FIELDS) => parseDuration(of(key))!;
  return {
    name,
    mode: settings.mode === undefined ? mode : (of('mode') as ClientPlan['mode']),
    attempts: Number(of('attempts')),
    retryDelayNs: ns('retryDelay'),
    pollingIntervalNs: ns('pollingInterval'),
    liveStatusIntervalNs: ns('liveStatusInterval'),
    connectTimeoutNs: ns('connectTimeout'),
    answerTimeoutNs: ns('answerTimeout'),
    ...(settings.retryJitter !== undefined && { retryJitter: Number(settings.retryJitter) }),
    ...(settings.spoolRecords !== undefined && { spoolRecords: Number(settings.spoolRecords) }),
  };
}

/** Those that ask for licences, or say so; undefined: some that nothing names, who may be any of them. */
function onlineClients(events: readonly TraceEvent[]): ReadonlySet<string | undefined> {
  const online = events.filter(
    ({ event, fields }) =>
      event === 'lease-request' || (event === 'hello' && fields['mode'] === 'online'),
  );
  return new Set(online.map(({ from }) => from));
}

export interface Completed {
  readonly events: readonly TraceEvent[];
  /** For each event its place in the trace that was given; of one that was supposed, that of the event which showed it. */
  readonly places: readonly number[];
}

/** A capture of the wire with what only a run tells: that its clients live, and what was down as far as attempts show it. */
export function completed({ events }: Trace, clients: readonly string[]): Completed {
  const made: TraceEvent[] = [];
  const places: number[] = [];
  const add = (event: TraceEvent, place: number): void => {
    made.push(event);
    places.push(place);
  };
  const first = events[0];
  const started = new Set(events.flatMap(({ actor, event }) => (event === 'start' ? actor : [])));
  for (const actor of clients)
    if (first && !started.has(actor))
      add({ at: first.at, actor, event: 'start', fields: { run: 1 } }, 0);
  const isPlayed = events.some(({ event }) => event === 'down' || event === 'end');
  const outcomes = isPlayed ? new Map<number, string>() : outcomesOf(events);
  const down = new Map<string, string>();
  for (const [place, event] of events.entries()) {
    const { at, actor, face } = event;
    const outcome = outcomes.get(place);
    const key = `${actor}.${face}`;
    const before = down.get(key);
    if (outcome !== undefined && face !== undefined && outcome !== before) {
      if (before !== undefined)
        add({ at, actor, face, event: 'up', fields: { fault: before } }, place);
      down.delete(key);
      if (outcome !== '') {
        add({ at, actor, face, event: 'down', fields: { fault: outcome } }, place);
        down.set(key, outcome);
      }
    }
    add(event, place);
  }
  return { events: made, places };
}

/** By the place of each attempt the fault that it met; empty: it was answered. What tells nothing is left out. */
function outcomesOf(events: readonly TraceEvent[]): ReadonlyMap<number, string> {
  const outcomes = new Map<number, string>();
  const open = new Map<number, number>();
  for (const [place, { event, conn, fields }] of events.entries()) {
    if (event === 'refused') outcomes.set(place, 'refuse');
    else if (event === 'unanswered') outcomes.set(place, 'black-hole');
    else if (conn === undefined) continue;
    else if (ATTEMPTS.has(event)) open.set(conn, place);
    else {
      const attempt = open.get(conn);
      if (attempt === undefined) continue;
      const ends = event === 'reset' || event === 'close';
      if (event === 'sent') outcomes.set(attempt, '');
      else if (ends && fields['by'] === 'server') outcomes.set(attempt, 'reset');
      else if (ends) outcomes.set(attempt, 'hang');
      if (ends || event === 'sent') open.delete(conn);
    }
  }
  return outcomes;
}

function unique(names: readonly string[]): readonly string[] {
  return [...new Set(names)];
}
