// Plays the servers of a recorded session to a client build, and tells what it does otherwise than the one that was recorded.
import type { Dialect } from '../../emulators/emulator.ts';
import type { Plan, Step } from '../case/plan.ts';
import { HarnessError } from '../client/process.ts';
import type { ResolvedClient } from '../client/profile.ts';
import { SECOND, type Nanos } from '../clock/clock.ts';
import { formatDuration, toMs } from '../clock/duration.ts';
import { lineOf } from '../capture/capture-file.ts';
import type { Rule } from '../judge/verdict.ts';
import { chooseTime, type TimeChoice } from '../run/choose-time.ts';
import { unfit, withPolicy } from '../run/fit.ts';
import { runCase } from '../run/run-case.ts';
import type { Trace, TraceEvent } from '../trace/event.ts';
import { formatActor } from '../trace/format.ts';
import { SEMANTIC_EVENTS, SERVER_EVENTS } from '../trace/vocabulary.ts';
import { type ActivitySource, activityOf, isActivity } from './activity.ts';
import { diffSessions, type Session, type SessionDiff } from './diff.ts';
import { completed, type Settings } from './infer-plan.ts';
import { replayAsJudge } from './judge-capture.ts';
import { playOf } from './play-of.ts';
import { NOT_RECORDED, RecordedServer, type Repeated } from './recorded-server.ts';
import { recordingOf } from './recording.ts';
import { ReplayError } from './replay-error.ts';
import { sessionOf, withSafeNames } from './session.ts';

export interface AsServersOptions {
  readonly file: string;
  readonly client: ResolvedClient;
  readonly dialect: Dialect;
  /** Absent: it is inferred. */
  readonly plan?: Plan;
  readonly settings?: Settings;
  readonly time: TimeChoice;
  readonly seed: number;
  /** Default: that of the capture, where time is virtual. */
  readonly epochMs?: number;
  readonly stallMs?: number;
  readonly rules?: readonly Rule[];
  readonly signal?: AbortSignal;
}

/** A request that the capture never saw. */
export interface Unseen {
  readonly at: Nanos;
  /** `alpha.share` */
  readonly place: string;
  readonly asked: string;
  /** Of the new trace. */
  readonly line: number;
  /** The lines of the capture that have a request to that face, the last of them before this one first. */
  readonly near: readonly number[];
}

export interface PlayedToClient {
  readonly trace: Trace;
  /** Up to the first request that the capture never saw. */
  readonly diff: SessionDiff;
  readonly unseen: readonly Unseen[];
  readonly repeated: readonly Repeated[];
  readonly activity: ActivitySource;
  /** What was guessed of the clients, a sentence each. */
  readonly supposed: readonly string[];
  readonly time: string;
  /** Why nothing can be said. */
  readonly error?: string;
}

const MAX_NEAR = 3;

/** Rejects with a ReplayError for a capture that has no servers to play, and a HarnessError for a client that cannot be played to. */
export async function playAsServers(
  recordedTrace: Trace,
  options: AsServersOptions,
): Promise<PlayedToClient> {
  const { file, client, dialect, seed } = options;
  const { exchanges, faces } = dialect;
  if (!exchanges)
    throw new ReplayError(
      `${file}: the dialect ${dialect.name} cannot be replayed as servers: it has no "exchanges" (docs/ways-in/dialect.md)`,
    );
  checkPlayable(recordedTrace, file);
  checkFaces(recordedTrace, dialect, file);
  const {
    trace,
    plan: supposedPlan,
    supposed,
  } = sessionOf(withSafeNames(recordedTrace, file), options);
  const judged = replayAsJudge(trace, {
    file,
    plan: supposedPlan,
    ...(options.rules && { rules: options.rules }),
  });
  const names = judged.plan.clients.map(({ name }) => name);
  const { events, places } = completed(trace, names);
  const lines = (index: number): number => lineOf(places[index]!);
  const isInferred = !trace.events.some(({ event }) => event === 'end' || event === 'down');
  const recorded = playOf({ ...trace, events }, { file, faces, isInferred, lines });
  const activity = activityOf(trace, recorded, options.plan && renamed(options.plan, judged.plan));
  const base = {
    ...judged.plan,
    dialect: dialect.name,
    play: mergedPlay(recorded, activity.steps),
  };
  const plan = withPolicy(base, client.profile);
  const why = unfit(plan, client.profile);
  if (why !== undefined) throw new HarnessError(why);
  const recording = recordingOf({ ...trace, events }, exchanges, faces, lines);
  const repeated: Repeated[] = [];
  const recordedEpochMs = Date.parse(trace.header.epoch);
  const makeWorld = await chooseTime(
    {
      client,
      time: options.time,
      seed,
      epochMs: options.epochMs ?? recordedEpochMs,
      ...(options.stallMs !== undefined && { stallMs: options.stallMs }),
    },
    [plan],
  );
  const recordedDialect: Dialect = {
    ...dialect,
    create: (host) =>
      new RecordedServer(host, {
        recording,
        exchanges,
        faces,
        recordedEpochMs,
        ownDeeds: ownDeedsOf(events, host.server),
        repeated: (request) => void repeated.push(request),
      }),
  };
  const played = await runCase(plan, makeWorld(plan), {
    client,
    dialect: recordedDialect,
    seed,
    signal: options.signal,
  });
  const isWhole = trace.events.some(({ event }) => event === 'end' || event === 'command');
  const known = isWhole ? played.trace : onTheWire(played.trace, trace.events.at(-1)!.at + SECOND);
  const lastMs = Date.parse(played.trace.header.epoch) + toMs(trace.events.at(-1)!.at + SECOND);
  // Behind the end of a capture of the wire nothing is known, and nothing is asked of it.
  const end = isWhole ? undefined : trace.events.at(-1)!.at + SECOND;
  const unseen = unseenIn(played.trace, trace).filter(({ at }) => end === undefined || at < end);
  // What comes of an answer that nobody knows is no behaviour of the client.
  const until = unseen[0]?.at;
  const [then, now] = [trace, known].map((one) => (until === undefined ? one : before(one, until)));
  const session = (given: Trace): Session => {
    const { plan: judgedBy, judgement } = replayAsJudge(given, {
      file,
      plan: judged.plan,
      ...(options.rules && { rules: options.rules }),
    });
    return { plan: judgedBy, events: completed(given, names).events, judgement };
  };
  const whole = diffSessions(session(then!), session(now!));
  const error = played.error ?? played.unsupported;
  return {
    trace: played.trace,
    diff: until === undefined ? whole : unfinished(whole),
    unseen,
    // Behind the end of a capture of the wire everything is asked once more than it was recorded.
    repeated: isWhole ? repeated : repeated.filter(({ wallMs }) => wallMs <= lastMs),
    activity: activity.source,
    supposed,
    time: makeWorld.timeName,
    ...(error !== undefined && { error }),
  };
}

/** In the field a client is not called as in a case: its steps are those of the one that the capture has. */
function renamed(plan: Plan, { clients: [client] }: Plan): Plan {
  const [own, second] = plan.clients;
  if (second || !own || !client || own.name === client.name) return plan;
  const play = plan.play.map((step) =>
    'client' in step.action ? { ...step, action: { ...step.action, client: client.name } } : step,
  );
  return { ...plan, play };
}

/** Throws a ReplayError for a session of servers that the dialect does not have. */
export function checkFaces({ events }: Trace, { name, faces }: Dialect, file: string): void {
  const strange = events.findIndex(
    ({ face }) => face !== undefined && !faces.some((known) => known.name === face),
  );
  if (strange < 0) return;
  throw new ReplayError(
    `${file}:${lineOf(strange)}: servers of ${name} have no face "${events[strange]!.face}" (there are ${faces.map((one) => one.name).join(', ')}); name the dialect of the capture with --dialect`,
  );
}

function checkPlayable({ events }: Trace, file: string): void {
  const onFaces = events.filter(({ face }) => face !== undefined);
  if (onFaces.length === 0)
    throw new ReplayError(
      `${file}: no line of it is about a face of a server: there are no servers to play`,
    );
  if (
    !onFaces.some(({ event }) => event === 'sent' || event === 'refused' || event === 'unanswered')
  )
    throw new ReplayError(
      `${file}: no line has bytes that a server sent (event "sent"): the server side was not recorded`,
    );
  const bare = events.findIndex(
    ({ event, bytes, fields }) =>
      (event === 'sent' || event === 'received') &&
      bytes === undefined &&
      Number(fields['length'] ?? 0) > 0,
  );
  if (bare >= 0)
    throw new ReplayError(
      `${file}:${lineOf(bare)}: the bytes of this line are not in the capture, only their number: it cannot be played again`,
    );
  const started = new Set<number>();
  for (const [index, { conn, event }] of events.entries()) {
    if (conn === undefined) continue;
    if (event === 'connect') started.add(conn);
    else if (!started.has(conn))
      throw new ReplayError(
        `${file}:${lineOf(index)}: connection ${conn} is recorded from its middle on: what was asked before is not known. ` +
          'Leave out its lines, or record anew from before the clients start',
      );
  }
}

/** Steps with a time of their own may stand anywhere; those that wait for an event stay behind the step that they had before them. */
function mergedPlay(recorded: readonly Step[], activity: readonly Step[]): readonly Step[] {
  if (activity.every((step) => recorded.includes(step))) return recorded;
  const own = recorded.filter((step) => !isActivity(step));
  return [...activity, ...own];
}

function ownDeedsOf(events: readonly TraceEvent[], server: string): readonly TraceEvent[] {
  return events.filter(
    ({ actor, face, conn, event }) =>
      actor === server &&
      face !== undefined &&
      conn === undefined &&
      Object.hasOwn(SEMANTIC_EVENTS, event),
  );
}

/** What a capture of the wire would have of a session that ended then. */
function onTheWire(trace: Trace, end: Nanos): Trace {
  return {
    ...trace,
    events: trace.events.filter(
      ({ at, face, event }) =>
        at < end && face !== undefined && !Object.hasOwn(SERVER_EVENTS, event),
    ),
  };
}

/** What came before that time, without the harness's own milestones. */
function before(trace: Trace, end: Nanos): Trace {
  return {
    ...trace,
    events: trace.events.filter(({ at, actor }) => at < end && actor !== 'harness'),
  };
}

/** Half a session has no verdict, and what it has not yet delivered is not lost. */
function unfinished({ major, minor }: SessionDiff): SessionDiff {
  return { major: major.filter((text) => !/^(verdict|lost|may-be-lost) /.test(text)), minor };
}

function unseenIn({ events }: Trace, capture: Trace): readonly Unseen[] {
  // What a client says while it is shut down changes nothing any more.
  const drained = events.findIndex(({ event }) => event === 'drained');
  const during = drained < 0 ? events : events.slice(0, drained);
  const asked = new Map<string, { readonly at: Nanos; readonly line: number }[]>();
  for (const [index, event] of capture.events.entries()) {
    if (event.event !== 'received') continue;
    const place = formatActor(event);
    asked.set(place, asked.get(place) ?? []);
    asked.get(place)!.push({ at: event.at, line: lineOf(index) });
  }
  return during.flatMap((event, index) => {
    const { at, fields } = event;
    if (event.event !== 'gap' || fields['why'] !== NOT_RECORDED) return [];
    const place = formatActor(event);
    const all = asked.get(place) ?? [];
    const earlier = all.filter((one) => one.at <= at).slice(-MAX_NEAR);
    const near = (earlier.length > 0 ? earlier : all.slice(0, MAX_NEAR)).map(({ line }) => line);
    return [{ at, place, asked: String(fields['asked']), line: lineOf(index), near }];
  });
}

/** `4h7ms  alpha.share  upload a.exe` */
export function unseenText({ at, place, asked }: Unseen): string {
  return `${formatDuration(at)}  ${place}  ${asked}`;
}
