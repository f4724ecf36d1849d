// The play of a recorded session: what was done to its servers and clients, as the steps of a case.
import type { FaceDescription, FieldValue } from '../../emulators/emulator.ts';
import { isLibraryCommand } from '../case/commands.ts';
import { WIRE_FAULTS } from '../case/faults.ts';
import type { Action, EventPattern, FaultEnd, Step, StepTime } from '../case/plan.ts';
import { DAY, MILLISECOND, SECOND, type Nanos } from '../clock/clock.ts';
import type { Trace, TraceEvent } from '../trace/event.ts';
import { formatEvent } from '../trace/format.ts';
import { SEMANTIC_EVENTS, SERVER_EVENTS, TRANSPORT_EVENTS } from '../trace/vocabulary.ts';
import { lineOf } from '../capture/capture-file.ts';
import { type Pairs, pairsIn } from './pairs.ts';
import { facesOf, faultOf, parseSigned, PLAYED_FAULTS, slackOf } from './recording.ts';

export interface PlayOptions {
  readonly file: string;
  readonly faces: readonly FaceDescription[];
  /** The very faults are to be played, not only what the recorded answers do not show. */
  readonly isWhole?: boolean;
  /** Downtimes, and that clients live, are inferred: they began at some time before what shows them. */
  readonly isInferred?: boolean;
  readonly lines?: (index: number) => number;
}

/** So long before the attempt that shows it an inferred downtime begins or ends: another client may be a little earlier. */
const LEAD: Nanos = SECOND;
/** A step that was written only clipped has its beginning and this: how long it was. */
const CLIPPED = /^(?<head>[^]*)… \((?<length>\d{1,5})\)$/;

interface Scene {
  readonly events: readonly TraceEvent[];
  readonly pairs: Pairs;
  /** Place of the end of the play: what comes from there on ends by itself. */
  readonly until: number;
  readonly options: PlayOptions;
  /** How much later something is that came of something else. */
  readonly slackNs: Nanos;
}

/** The steps up to the end of the play, and that end; without one the last event is it. */
export function playOf(trace: Trace, options: PlayOptions): readonly Step[] {
  const { events, header } = trace;
  const slackNs = slackOf(header);
  const end = events.findIndex(({ actor, event }) => actor === 'harness' && event === 'end');
  const until = end < 0 ? events.length : end;
  const scene: Scene = { events, pairs: pairsIn(events), until, options, slackNs };
  const ended = endedByThemselves(scene);
  const steps: Step[] = [];
  /** Place of the last step: the event that a step waits for comes after it. */
  let last = -1;
  for (const [index, event] of events.slice(0, until).entries()) {
    const action = ended.has(index) ? undefined : actionOf(index, event, scene);
    if (!action) continue;
    const isBound = steps.at(-1)?.time.kind !== 'at' && steps.length > 0;
    steps.push(stepOf(action, timeOf(index, { index: last, isBound }, scene), index, scene));
    last = index;
  }
  const at = end < 0 ? (events.at(-1)?.at ?? 0n) : events[end]!.at;
  const { file, lines = lineOf } = options;
  const position = { file, line: lines(Math.max(0, until - 1)), column: 1 };
  return [...steps, { action: { kind: 'end' }, time: { kind: 'at', at }, text: 'end', position }];
}

function stepOf(action: Action, time: StepTime, index: number, scene: Scene): Step {
  const { file, lines = lineOf } = scene.options;
  const text = formatEvent(scene.events[index]!);
  return { action, time, text, position: { file, line: lines(index), column: 1 } };
}

/** What came right behind an event of a server came of it: then the step waits for that, not for a time. */
function timeOf(
  index: number,
  /** The step before: its place, and whether it waits for an event. */
  last: { readonly index: number; readonly isBound: boolean },
  scene: Scene,
): StepTime {
  const { events, options, slackNs } = scene;
  const { at } = events[index]!;
  if (options.isInferred) return { kind: 'at', at: shownFrom(index, events) };
  const cause = causeOf(index, scene);
  const lastAt = events[last.index]?.at;
  if (cause === undefined && last.isBound && lastAt !== undefined && at - lastAt <= slackNs)
    return { kind: 'after', delay: at - lastAt };
  if (cause === undefined) return { kind: 'at', at };
  const { actor, face, event } = events[cause]!;
  const between = events.slice(last.index + 1, cause + 1);
  const nth = between.filter((one) => isAlike(one, events[cause]!)).length;
  const pattern: EventPattern = { actor, face: face!, event, fields: {} };
  return { kind: 'on', event: pattern, nth, delay: at - events[cause]!.at };
}

/** Place of the event of a face right behind which that one came: the last semantic one, else the last of the transport. */
function causeOf(index: number, { events, slackNs }: Scene): number | undefined {
  const { at } = events[index]!;
  let cause: number | undefined;
  for (let place = index - 1; place >= 0; place--) {
    const event = events[place]!;
    if (at - event.at > slackNs) return cause;
    if (STEPS.has(event.event)) {
      // What a step does to connections is no cause of the next one.
      return cause !== undefined && events[cause]!.event === 'reset' ? undefined : cause;
    }
    if (!isOfFace(event) || RAW.has(event.event)) continue;
    if (Object.hasOwn(SEMANTIC_EVENTS, event.event)) return place;
    if (Object.hasOwn(TRANSPORT_EVENTS, event.event)) cause ??= place;
  }
  return cause;
}

function shownFrom(index: number, events: readonly TraceEvent[]): Nanos {
  const { at, actor, face, event } = events[index]!;
  if (event === 'start') return 0n;
  const before = events
    .slice(0, index)
    .findLast((one) => one.actor === actor && one.face === face && one.at < at);
  const half = (at - (before?.at ?? 0n)) / 2n;
  return at - (half < LEAD ? half : LEAD);
}

const RAW: ReadonlySet<string> = new Set(['received', 'sent']);
const STEPS: ReadonlySet<string> = new Set([
  ...Object.keys(SERVER_EVENTS),
  ...['start', 'kill', 'clock', 'disk', 'command', 'end'],
]);

function isOfFace({ face, conn, event }: TraceEvent): boolean {
  return (
    face !== undefined && (conn !== undefined || event === 'refused' || event === 'unanswered')
  );
}

function isAlike(a: TraceEvent, b: TraceEvent): boolean {
  return a.actor === b.actor && a.face === b.face && a.event === b.event;
}

function actionOf(index: number, event: TraceEvent, scene: Scene): Action | undefined {
  const { actor, event: name, fields } = event;
  const text = (key: string): string => String(fields[key] ?? '');
  switch (name) {
    case 'down':
      return downOf(index, event, scene);
    case 'up':
      return { kind: 'up', server: actor, ...faceOf(event) };
    case 'restart':
      return { kind: 'restart', server: actor, state: text('state') === 'lost' ? 'lost' : 'kept' };
    case 'clock-skew':
      return { kind: 'clock-skew', server: actor, by: parseSigned(text('by')) ?? 0n };
    case 'seats': {
      const seats = Number(fields['seats']);
      return { kind: 'seats', server: actor, program: text('program'), seats };
    }
    case 'start':
      return { kind: 'start', client: actor };
    case 'kill':
      return { kind: 'kill', client: actor };
    case 'clock':
      return { kind: 'clock', client: actor, by: parseSigned(text('by')) ?? 0n };
    case 'disk':
      return { kind: 'disk', client: actor, state: text('state') === 'full' ? 'full' : 'free' };
    case 'command':
      return commandOf(index, event, scene);
    default:
      return undefined;
  }
}

function commandOf(
  index: number,
  { at, actor: client, fields }: TraceEvent,
  { events, pairs }: Scene,
): Action | undefined {
  const name = String(fields['name']);
  const program = String(fields['program'] ?? '');
  const [originalName, version] = ['originalName', 'version'].map((key) => textOf(fields[key]));
  const duration = BigInt(Math.round(Number(fields['durationMs'] ?? 0))) * MILLISECOND;
  if (name === 'start-program') {
    const stop = events[pairs.stopOf.get(index) ?? -1];
    return {
      kind: 'run',
      client,
      program,
      // What nobody stops ends with its process, or with the play.
      duration: stop ? stop.at - at : 365n * DAY,
      ...(originalName !== undefined && { originalName }),
      ...(version !== undefined && { version }),
    };
  }
  if (name === 'check-out') return { kind: 'check-out', client, program, duration };
  if (name === 'check-in') return { kind: 'check-in', client, program };
  if (!isLibraryCommand(name)) return undefined;
  const argument = textOf(fields['argument']);
  return { kind: 'command', client, name, ...(argument !== undefined && { argument }) };
}

function textOf(value: FieldValue | undefined): string | undefined {
  if (value === undefined) return undefined;
  const { head, length } = CLIPPED.exec(String(value))?.groups ?? {};
  return head === undefined ? String(value) : head.padEnd(Number(length), '.');
}

function faceOf({ face }: TraceEvent): { face?: string } {
  return face === undefined ? {} : { face };
}

function downOf(index: number, event: TraceEvent, scene: Scene): Action {
  const { actor: server } = event;
  const { name, args } = faultOf(event);
  const isWire = WIRE_FAULTS.some((known) => known.name === name);
  const isTold = scene.options.isWhole !== true && isWire && !PLAYED_FAULTS.has(name);
  return {
    kind: 'down',
    server,
    ...faceOf(event),
    fault: { name, args },
    newOnly: event.fields['new-only'] === true || sparesConnections(index, scene),
    until: endOf(index, scene),
    ...(isTold && { isTold }),
  };
}

/** True where connections stood that a fault which resets them left alone. */
function sparesConnections(index: number, { events, options, slackNs }: Scene): boolean {
  const down = events[index]!;
  const fault = WIRE_FAULTS.find(({ name }) => name === down.fields['fault']);
  if (fault?.established !== 'reset') return false;
  const faces = new Set(facesOf(down, options.faces));
  const open = new Set<number>();
  for (const { actor, face = '', conn, event } of events.slice(0, index)) {
    if (conn === undefined || actor !== down.actor || !faces.has(face)) continue;
    if (event === 'connect') open.add(conn);
    else if (event === 'reset' || event === 'close') open.delete(conn);
  }
  return (
    open.size > 0 &&
    !events
      .slice(index + 1)
      .some(
        ({ at, conn, event }) =>
          at - down.at <= slackNs && event === 'reset' && open.has(conn ?? 0),
      )
  );
}

/** The `up`s that need no step: downtimes that count, or last for a time, end by themselves. */
function endedByThemselves(scene: Scene): ReadonlySet<number> {
  return new Set(
    [...scene.pairs.upOf].flatMap(([down, up]) =>
      up >= scene.until || endOf(down, scene).kind !== 'up' ? [up] : [],
    ),
  );
}

/** A fault that ended with the nth event of its face was counted; one that ended with that of another face waits for it. */
function endOf(index: number, scene: Scene): FaultEnd {
  const { events, pairs, options, until } = scene;
  const up = pairs.upOf.get(index);
  if (up === undefined || up >= until) return { kind: 'up' };
  const shown = (place: number): Nanos =>
    options.isInferred ? shownFrom(place, events) : events[place]!.at;
  const lasts: FaultEnd = { kind: 'for', duration: shown(up) - shown(index) };
  if (options.isInferred) return lasts;
  const cause = causeOf(up, scene);
  if (cause === undefined || cause <= index) return lasts;
  const { event, actor, face = '' } = events[cause]!;
  const faces = new Set(facesOf(events[index]!, options.faces));
  if (actor !== events[index]!.actor || !faces.has(face)) return { kind: 'up' };
  const count = events
    .slice(index + 1, up)
    .filter(
      (one) => one.actor === actor && one.event === event && faces.has(one.face ?? ''),
    ).length;
  return { kind: 'count', event, count };
}
