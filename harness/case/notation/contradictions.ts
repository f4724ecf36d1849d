// Two downtimes that cannot both be true at one moment, where the times of a play show it.
import type { Nanos } from '../../clock/clock.ts';
import { formatDuration } from '../../clock/duration.ts';
import { type Problem, quote } from '../errors.ts';
import { WIRE_FAULTS } from '../faults.ts';
import type { Action, Step } from '../plan.ts';
import type { Scope } from './scope.ts';

type DownAction = Extract<Action, { kind: 'down' }>;

/** From when to when a face surely refuses, or surely is a black hole. */
interface Closed {
  readonly step: Step;
  readonly server: string;
  readonly face: string;
  readonly listening: string;
  readonly from: Nanos;
  /** Absent: until the end. */
  to?: Nanos;
  readonly every?: Nanos;
}

/** Adds a problem for each pair that is surely on one face at one moment; what hangs on an event is not known before. */
export function checkContradictions(
  steps: readonly Step[],
  scope: Scope,
  problems: Problem[],
): void {
  const all: Closed[] = [];
  // The earliest moment at which a step can be taken, and whether it is the only one.
  let at: Nanos = 0n;
  let isKnown = true;
  for (const step of steps) {
    const { time, action } = step;
    if (time.kind === 'at') [at, isKnown] = [time.at, true];
    else [at, isKnown] = [at + time.delay, isKnown && time.kind === 'after'];
    if (action.kind === 'up') lift(all, action, at);
    if (action.kind !== 'down' || !isKnown) continue;
    all.push(...closedBy(step, action, at, scope));
  }
  for (const [index, closed] of all.entries()) {
    const other = all.slice(0, index).find((candidate) => contradict(candidate, closed));
    if (other) problems.push(problemOf(closed, other));
  }
}

function lift(
  all: readonly Closed[],
  { server, face }: { server: string; face?: string },
  at: Nanos,
) {
  for (const closed of all)
    if (closed.server === server && (face === undefined || closed.face === face))
      closed.to = closed.to !== undefined && closed.to < at && !closed.every ? closed.to : at;
}

function closedBy(
  step: Step,
  { server, face, fault, until }: DownAction,
  from: Nanos,
  { dialect }: Scope,
): readonly Closed[] {
  const listening = WIRE_FAULTS.find(({ name }) => name === fault.name)?.listening;
  if (listening === undefined) return [];
  const faces = dialect.faces.map(({ name }) => name);
  const known =
    until.kind === 'for' && until.every === undefined ? from + until.duration : undefined;
  // How long until so many events have been seen nobody knows: at least it begins.
  const to = until.kind === 'count' ? from + 1n : known;
  return faces
    .filter((name) => face === undefined || name === face)
    .map((name) => ({
      step,
      server,
      face: name,
      listening,
      from,
      ...(to !== undefined && { to }),
      ...(until.kind === 'for' && until.every !== undefined && { every: until.every }),
    }));
}

function contradict(a: Closed, b: Closed): boolean {
  if (a.server !== b.server || a.face !== b.face || a.listening === b.listening) return false;
  return (
    begins(a, b.from).some((at) => isOn(a, at) && isOn(b, at)) ||
    begins(b, a.from).some((at) => isOn(a, at) && isOn(b, at))
  );
}

/** When it begins for the first time, and for the first time after `after`; and that moment itself. */
function begins({ from, every }: Closed, after: Nanos): readonly Nanos[] {
  if (every === undefined || after <= from) return [from, after];
  return [from, after, from + ((after - from + every - 1n) / every) * every];
}

function isOn({ from, to, every, step }: Closed, at: Nanos): boolean {
  if (at < from || (to !== undefined && at >= to)) return false;
  if (every === undefined) return true;
  const { action } = step;
  const lasts = action.kind === 'down' && action.until.kind === 'for' ? action.until.duration : 0n;
  return (at - from) % every < lasts;
}

function problemOf(closed: Closed, other: Closed): Problem {
  const { position, text } = other.step;
  return {
    position: closed.step.position,
    what:
      `at ${formatDuration(closed.from)} ${closed.server}.${closed.face} cannot be both: ` +
      `this step contradicts ${quote(text)} (${position.file}:${position.line}:${position.column})`,
    right: `end the first with ${closed.server}.${closed.face} up, or with for D, before the second begins`,
  };
}
