// A capture as a session that can be played: under names that a client build can have, with settings that it does not show.
import type { Plan } from '../case/plan.ts';
import { toMs, formatDuration } from '../clock/duration.ts';
import { lineOf } from '../capture/capture-file.ts';
import type { Trace, TraceEvent } from '../trace/event.ts';
import { outcomesIn } from './draft/outcomes.ts';
import { guessSettings, lateStart } from './draft/settings.ts';
import { inferPlan, type Settings } from './infer-plan.ts';
import { ReplayError } from './replay-error.ts';

export interface PlayableSession {
  readonly trace: Trace;
  readonly plan: Plan;
  /** What was guessed, a sentence each. */
  readonly supposed: readonly string[];
}

/** Each is a process of its own. */
const MAX_CLIENTS = 64;

/** The case that is given; else the settings that the pace of the clients lets guess, and when they began. */
export function sessionOf(
  trace: Trace,
  {
    file,
    plan,
    settings = {},
  }: { readonly file: string; readonly plan?: Plan; readonly settings?: Settings },
): PlayableSession {
  if (plan) return { trace, plan, supposed: [] };
  const { events, header } = trace;
  const inferred = inferPlan(trace, file, settings);
  const isPlayed = events.some(({ event }) => event === 'start' || event === 'end');
  if (isPlayed) return { trace, plan: inferred, supposed: [] };
  const outcomes = outcomesIn(events);
  const guesses = inferred.clients.map(({ name }) => guessSettings(name, events, outcomes));
  const clients = inferred.clients.map(({ name }, index) => {
    const own = { ...guesses[index]!.settings, ...settings };
    return inferPlan(trace, file, own).clients.find((client) => client.name === name)!;
  });
  const [first] = guesses;
  const shift = lateStart({ ...first?.settings, ...settings }, events);
  const why = (first?.why ?? []).filter((text) => !Object.hasOwn(settings, text.split(':')[0]!));
  const late = `clients began ${formatDuration(shift)} before the capture; its times are later by that`;
  const epochMs = Date.parse(header.epoch) - toMs(shift);
  return {
    trace: {
      header: { ...header, epoch: new Date(epochMs).toISOString() },
      events: events.map((event) => ({ ...event, at: event.at + shift })),
    },
    plan: { ...inferred, clients },
    supposed: [...why, ...(shift > 0n ? [late] : [])],
  };
}

/** Names become folders, addresses and lines of configuration files: in the field they can be anything. */
const SAFE_NAME = /^[A-Za-z0-9][\w.-]{0,62}$/;

/** Clients whose names are no words get others. Throws a ReplayError for such a server, and for too many clients. */
export function withSafeNames(trace: Trace, file: string): Trace {
  const safe = new Map<string, string>();
  const taken = new Set(trace.events.flatMap(({ from, actor }) => [from, actor]));
  const rename = (name: string): string => {
    if (SAFE_NAME.test(name)) return name;
    let number = safe.size + 1;
    while (!safe.has(name) && taken.has(`client-${number}`)) number++;
    if (!safe.has(name)) safe.set(name, `client-${number}`);
    return safe.get(name)!;
  };
  const clients = new Set<string>();
  const events = trace.events.map((event, index): TraceEvent => {
    if (event.face !== undefined && !SAFE_NAME.test(event.actor))
      throw new ReplayError(
        `${file}:${lineOf(index)}: ${JSON.stringify(event.actor.slice(0, 40))} cannot be the name of a server: letters, digits, dot, hyphen and underscore can`,
      );
    const actor = event.face === undefined ? rename(event.actor) : event.actor;
    if (event.from === undefined) return { ...event, actor };
    const from = rename(event.from);
    if (clients.add(from).size > MAX_CLIENTS)
      throw new ReplayError(
        `${file}:${lineOf(index)}: ${from} is client number ${clients.size}: at most ${MAX_CLIENTS} are played to; import or record fewer`,
      );
    return { ...event, actor, from };
  });
  return { ...trace, events };
}
