// Steps of the play that a client on a quicker machine had come before.
import type { Nanos } from '../clock/clock.ts';
import type { TraceEvent } from '../trace/event.ts';
import type { Missed } from './expect/check.ts';

/** What a client cannot perceive, and its attempts meet. */
const STEPS: ReadonlySet<string> = new Set(['up', 'down']);
const ATTEMPTS: ReadonlySet<string> = new Set(['connect', 'refused', 'unanswered']);
const ENDS: ReadonlySet<string> = new Set(['reset', 'close']);

/**
 * By how much a client was too late for a step of the play, the least of all, up to the event of that index: how soon behind `up` or
 * `down` of a server its attempt there came, how long before a kill, or before the case was over, it was given a command that it had not
 * answered by then, and how soon after its start a hook was to tell it of one and did not find it ready.
 * Not counted is a client that started later than the step, and one whose connection there the server ended: its attempt
 * may be the answer to it. Undefined: it was too late for none.
 *
 * `missed`: what broke is that this is missing. Then an attempt at that server behind that index tells too: sooner, it were what is missing.
 */
export function closestRace(
  events: readonly TraceEvent[],
  last: number,
  missed?: Missed,
): Nanos | undefined {
  let closest: Nanos | undefined;
  for (const [index, step] of events.entries()) {
    const isStep = STEPS.has(step.event);
    const isMissed = isStep && step.actor === missed?.actor;
    if (index > last && !isMissed) continue;
    const reach = isMissed ? events.length : last + 1;
    const before = events.slice(0, index);
    const gap = isStep
      ? gapBehind(step, before, events.slice(index + 1, reach), missed?.at)
      : step.event === 'kill'
        ? gapBefore(step, before)
        : step.event === 'command'
          ? gapUntilOver(step, events.slice(index + 1))
          : untoldByHook(step)
            ? gapBehindStart(step, before)
            : undefined;
    if (gap !== undefined && (closest === undefined || gap < closest)) closest = gap;
  }
  return closest;
}

function untoldByHook({ event, fields }: TraceEvent): boolean {
  const isError = event === 'answer' && fields['result'] === 'error';
  return isError && String(fields['why']).startsWith('the hook ');
}

/** From the client's last start to the command that this answers: by then it had to be ready to be told. */
function gapBehindStart(
  { actor, fields }: TraceEvent,
  before: readonly TraceEvent[],
): Nanos | undefined {
  const own = before.filter(({ actor: who }) => who === actor);
  const asked = own.findLast(
    ({ event, fields: { id } }) => event === 'command' && id === fields['id'],
  );
  const started = own.findLast(({ event, at }) => event === 'start' && asked && at <= asked.at);
  return asked && started && asked.at - started.at;
}

/** Until a client was no longer waited for that never answered this command. */
function gapUntilOver(
  { at, actor, fields }: TraceEvent,
  behind: readonly TraceEvent[],
): Nanos | undefined {
  const why = `it never answered command ${String(fields['id'])}`;
  const over = behind.find(
    (other) => other.actor === actor && other.event === 'contract' && other.fields['why'] === why,
  );
  return over && over.at - at;
}

/** Since the earliest command that had no answer when the client was killed: it needed as long. */
function gapBefore({ at, actor }: TraceEvent, before: readonly TraceEvent[]): Nanos | undefined {
  const started = before.findLastIndex(
    ({ event, actor: who }) => event === 'start' && who === actor,
  );
  const own = before.slice(started + 1).filter(({ actor: who }) => who === actor);
  const answered = new Set(
    own.flatMap(({ event, fields }) => (event === 'answer' ? fields['id'] : [])),
  );
  const owed = own.find(({ event, fields }) => event === 'command' && !answered.has(fields['id']));
  return owed && at - owed.at;
}

function gapBehind(
  step: TraceEvent,
  before: readonly TraceEvent[],
  behind: readonly TraceEvent[],
  missedAt: Nanos | undefined,
): Nanos | undefined {
  for (const { at, actor, face, event, from, fields } of behind) {
    if (actor !== step.actor || (step.face !== undefined && face !== step.face)) continue;
    if (ENDS.has(event) && fields['by'] === 'server') return undefined;
    if (!ATTEMPTS.has(event)) continue;
    const started = before.findLast((other) => other.event === 'start' && other.actor === from);
    if (!started || started.at >= step.at) return undefined;
    const since = missedAt !== undefined && missedAt < step.at ? missedAt : step.at;
    return at - since;
  }
  return undefined;
}
