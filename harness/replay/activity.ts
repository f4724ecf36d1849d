// What the users of recorded clients did: the commands of a recorded run, the steps of a case, or what the bytes let suppose.
import type { Plan, Step } from '../case/plan.ts';
import { MINUTE, type Nanos } from '../clock/clock.ts';
import { fromMs } from '../clock/duration.ts';
import { lineOf } from '../capture/capture-file.ts';
import type { Trace } from '../trace/event.ts';

/** Where the activity of the users comes from. */
export type ActivitySource = 'commands' | 'case' | 'records' | 'none';

export interface Activity {
  readonly source: ActivitySource;
  readonly steps: readonly Step[];
}

const USER_ACTIONS: ReadonlySet<string> = new Set([
  'start',
  'kill',
  'run',
  'check-out',
  'check-in',
  'disk',
  'command',
  'clock',
]);

export function isActivity({ action }: Step): boolean {
  return USER_ACTIONS.has(action.kind);
}

/** A trace of a run has the commands; else the steps of a case are taken, else programs as the usage records and requests say. */
export function activityOf(
  trace: Trace,
  recorded: readonly Step[],
  plan: Plan | undefined,
): Activity {
  const { events } = trace;
  const hasCommands = events.some(({ event }) => event === 'command' || event === 'answer');
  if (hasCommands) return { source: 'commands', steps: recorded.filter(isActivity) };
  if (plan) return { source: 'case', steps: plan.play.filter(isActivity) };
  const steps = [...recorded.filter(isActivity), ...supposedRuns(trace)];
  return { source: steps.length > 0 ? 'records' : 'none', steps };
}

interface Run {
  readonly client: string;
  readonly program: string;
  readonly from: Nanos;
  readonly to: Nanos;
  readonly index: number;
}

/** A request for a licence, or a record, that lies this near a run is of that run: clocks differ. */
const SAME_RUN: Nanos = MINUTE;

function supposedRuns({ header, events }: Trace): readonly Step[] {
  const end = events.at(-1)?.at ?? 0n;
  const epochMs = Date.parse(header.epoch);
  const runs = new Map<string, Run>();
  for (const [index, { event, from: client, usage = [] }] of events.entries()) {
    if (event !== 'upload-offer' || client === undefined) continue;
    for (const { record, program, startMs, stopMs } of usage) {
      const from = fromMs(startMs - epochMs);
      const to = fromMs(stopMs - epochMs);
      // Programs that ended before the session, and clocks that are far off, tell nothing of it.
      if (to <= 0n || from >= end || to < from) continue;
      runs.set(`${client} ${record}`, { client, program, from: from > 0n ? from : 0n, to, index });
    }
  }
  for (const [index, { at, event, from: client, fields }] of events.entries()) {
    if (event !== 'lease-request' || client === undefined) continue;
    const program = String(fields['program']);
    const isKnown = [...runs.values()].some(
      (run) =>
        run.client === client &&
        run.program === program &&
        at >= run.from - SAME_RUN &&
        at <= run.to + SAME_RUN,
    );
    if (isKnown) continue;
    const release = events
      .slice(index)
      .find(
        (other) =>
          other.event === 'lease-release' &&
          other.from === client &&
          other.fields['program'] === program,
      );
    runs.set(`${client} ${index}`, { client, program, from: at, to: release?.at ?? end, index });
  }
  return [...runs.values()]
    .toSorted((a, b) => (a.from < b.from ? -1 : a.from > b.from ? 1 : a.index - b.index))
    .map((run) => stepOf(run));
}

function stepOf({ client, program, from, to, index }: Run): Step {
  return {
    time: { kind: 'at', at: from },
    action: { kind: 'run', client, program, duration: to - from },
    position: { file: '', line: lineOf(index), column: 1 },
    text: `${client} run ${program}`,
  };
}
