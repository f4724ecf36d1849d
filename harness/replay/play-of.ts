// The play of a recorded session: what was done to its servers and clients, as the steps of a case.
import type { FaceDescription, FieldValue } from '../../emulators/emulator.ts';
import { isLibraryCommand } from '../case/commands.ts';
import { WIRE_FAULTS } from '../case/faults.ts';
import type { Action, EventPattern, FaultEnd, Step, StepTime } from '../case/plan.ts';
import { DAY, MILLISECOND, SECOND, type Nanos } from '../clock/clock.ts';
import type { Trace, TraceEvent } from '../trace/event.ts';
import { formatEvent } from '../trace/format.ts';
import { SEMANTIC_EVENTS, TRANSPORT_EVENTS } from '../trace/vocabulary.ts';
import { lineOf } from '../capture/capture-file.ts';
import { facesOf, faultOf, parseSigned, PLAYED_FAULTS, stateText } from './recording.ts';

export interface PlayOptions {
  readonly file: string;
  readonly faces: readonly FaceDescription[];
  /** The very faults are to be played, not only what the recorded answers do not show. */
  readonly isWhole?: boolean;
  /** Downtimes, and that clients live, are inferred: they began at some time before what shows them. */
  readonly isInferred?: boolean;
  readonly lines?: (index: number) => number;
}

/** What came this shortly after an event of a server in real time came of it; in virtual time it has the same time. */
const AT_ONCE: Nanos = 10n * MILLISECOND;
/** So long before the attempt that shows it an inferred downtime begins or ends: another client may be a little earlier. */
const LEAD: Nanos = SECOND;
/** A step that was written only clipped has its beginning and this: how long it was. */
const CLIPPED = /^(?<head>[^]*)… \((?<length>\d{1,5})\)$/;

interface Scene {
  readonly events: readonly TraceEvent[];
  readonly options: PlayOptions;
  /** How much later something is that came of something else. */
  readonly slackNs: Nanos;
}

/** The steps up to the end of the play, and that end; without one the last event is it. */
export function playOf(trace: Trace, options: PlayOptions): readonly Step[] {
  const { events, header } = trace;
  const scale = BigInt(/^scaled:(\d{1,7})$/.exec(header.time)?.[1] ?? 1);
  const slackNs = header.time === 'virtual' ? 0n : AT_ONCE * scale;
  const scene: Scene = { events, options, slackNs };
  const end = events.findIndex(({ actor, event }) => actor === 'harness' && event === 'end');
  const until = end < 0 ? events.length : end;
  const steps: Step[] = [];
  /** Place of the last step: the event that a step waits for comes after it. */
  let last = -1;
  for (const [index, event] of events.slice(0, until).entries()) {
    const action = actionOf(index, event, scene);
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
  { events, options, slackNs }: Scene,
): StepTime {
  const { at } = events[index]!;
  if (options.isInferred) return { kind: 'at', at: shownFrom(index, events) };
  const before = events.slice(last.index + 1, index);
  const lastAt = events[last.index]?.at;
  const isNext = lastAt !== undefined && at - lastAt <= slackNs;
  // What a step does to connections is no cause of the next one at the same time.
  const near = before.filter(
    (event) => isOfFace(event) && at - event.at <= slackNs && !(isNext && event.event === 'reset'),
  );
  const cause =
    near.findLast(({ event }) => Object.hasOwn(SEMANTIC_EVENTS, event)) ??
    near.findLast(({ event }) => Object.hasOwn(TRANSPORT_EVENTS, event) && !RAW.has(event));
  if (!cause && isNext && last.isBound) return { kind: 'after', delay: at - lastAt };
  if (!cause) return { kind: 'at', at };
  const { actor, face, event } = cause;
  const nth = before.filter((one) => isAlike(one, cause) && one.at <= cause.at).length;
  const pattern: EventPattern = { actor, face: face!, event, fields: {} };
  return { kind: 'on', event: pattern, nth, delay: at - cause.at };
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
      return isCounted(index, scene) ? undefined : { kind: 'up', server: actor, ...faceOf(event) };
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
  { events }: Scene,
): Action | undefined {
  const name = String(fields['name']);
  const program = String(fields['program'] ?? '');
  const [originalName, version] = ['originalName', 'version'].map((key) => textOf(fields[key]));
  const duration = BigInt(Math.round(Number(fields['durationMs'] ?? 0))) * MILLISECOND;
  if (name === 'start-program') {
    const stop = stopOf(index, events);
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

/** The stop that belongs to a start: of two runs of one program the first that is started has the first stop. */
function stopOf(start: number, events: readonly TraceEvent[]): TraceEvent | undefined {
  const { actor, fields } = events[start]!;
  const open: number[] = [];
  for (const [index, event] of events.entries()) {
    const { name, program } = event.fields;
    if (event.actor !== actor) continue;
    // The runs of a process end with it.
    if (event.event === 'exit') open.length = 0;
    if (event.event !== 'command' || program !== fields['program']) continue;
    if (name === 'start-program') open.push(index);
    else if (name === 'stop-program' && open.shift() === start) return event;
  }
  return undefined;
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
function sparesConnections(index: number, { events, options }: Scene): boolean {
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
      .some(({ at, conn, event }) => at === down.at && event === 'reset' && open.has(conn ?? 0))
  );
}

/** The place of the `up` that belongs to a `down`; -1: there is none. */
function upOf(index: number, { events }: Scene): number {
  const down = events[index]!;
  const word = wordOf(down);
  return events.findIndex(
    (event, at) => at > index && event.event === 'up' && wordOf(event) === word,
  );
}

function wordOf(event: TraceEvent): string {
  return JSON.stringify([event.actor, event.face, stateText(faultOf(event))]);
}

/** A fault that ended with the nth event of its face, and with nothing else at that time, was counted. */
function endOf(index: number, scene: Scene): FaultEnd {
  const { events, options } = scene;
  if (options.isInferred) return { kind: 'up' };
  const up = upOf(index, scene);
  if (up < 0) return { kind: 'up' };
  const faces = new Set(facesOf(events[index]!, options.faces));
  const cause = events[up - 1]!;
  const isCause =
    up - 1 > index &&
    isOfFace(cause) &&
    cause.actor === events[index]!.actor &&
    faces.has(cause.face!) &&
    events[up]!.at - cause.at <= scene.slackNs &&
    !RAW.has(cause.event);
  if (!isCause) return { kind: 'up' };
  const { event, actor } = cause;
  const count = events
    .slice(index + 1, up)
    .filter(
      (one) => one.actor === actor && one.event === event && faces.has(one.face ?? ''),
    ).length;
  return { kind: 'count', event, count };
}

/** That `up` is the end of a `down` which counts. */
function isCounted(up: number, scene: Scene): boolean {
  return scene.events.some(
    (event, index) =>
      index < up &&
      event.event === 'down' &&
      upOf(index, scene) === up &&
      endOf(index, scene).kind === 'count',
  );
}
