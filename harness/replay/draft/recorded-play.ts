// The play of a session that a run has recorded: it stands in the trace, and nothing is guessed.
import { MINUTE, type Nanos } from '../../clock/clock.ts';
import { formatDuration } from '../../clock/duration.ts';
import { isLibraryCommand } from '../../case/commands.ts';
import { WIRE_FAULTS } from '../../case/faults.ts';
import type { FieldValue, TraceEvent } from '../../trace/event.ts';
import { formatActor, formatValue } from '../../trace/format.ts';
import { isMeaning } from './line.ts';
import type { DraftStep } from './step.ts';

/** A server that goes down and comes back so often, at one pace, flaps. */
const MIN_FLAPS = 3;

/** Steps up to the end of the play, and that. */
export function recordedSteps(events: readonly TraceEvent[]): readonly DraftStep[] {
  const last = events.findIndex(({ actor, event }) => actor === 'harness' && event === 'end');
  const end = last < 0 ? events.length : last;
  const endAt = events[Math.min(end, events.length - 1)]?.at ?? 0n;
  const played = events.slice(0, end);
  const steps = played.flatMap((event, place): readonly DraftStep[] => {
    const action = actionOf(event, place, played, endAt);
    if (action === undefined) return [];
    return [{ at: event.at, place, actor: formatActor(event), action }];
  });
  return [...flapping(steps), { at: endAt, place: end, actor: 'harness', action: 'end' }];
}

function actionOf(
  event: TraceEvent,
  place: number,
  events: readonly TraceEvent[],
  endAt: Nanos,
): string | undefined {
  const { fields } = event;
  switch (event.event) {
    case 'start':
    case 'kill':
      return event.event;
    case 'command':
      return commandText(event, place, events, endAt);
    case 'clock':
    case 'clock-skew':
      return `${event.event} ${signed(fields['by'])}`;
    case 'disk':
      return `disk ${String(fields['state'])}`;
    case 'restart':
      return fields['state'] === 'lost' ? 'restart state=lost' : 'restart';
    case 'seats':
      return `seats ${formatValue(fields['program'] ?? '')}=${String(fields['seats'])}`;
    case 'down':
      return `down ${faultText(fields)}${untilText(event, place, events)}`;
    case 'up':
      return endsByCount(event, place, events) === undefined ? 'up' : undefined;
    default:
      return undefined;
  }
}

function signed(by: FieldValue | undefined): string {
  const text = String(by ?? '0s');
  return text.startsWith('-') ? text : `+${text}`;
}

function commandText(
  { actor, at, fields }: TraceEvent,
  place: number,
  events: readonly TraceEvent[],
  endAt: Nanos,
): string | undefined {
  const name = String(fields['name']);
  const program = formatValue(fields['program'] ?? '');
  if (isLibraryCommand(name)) {
    const argument = fields['argument'];
    return argument === undefined ? name : `${name} ${formatValue(argument)}`;
  }
  if (name === 'check-in') return `check-in ${program}`;
  if (name === 'check-out') return `check-out ${program} for ${durationMs(fields['durationMs'])}`;
  if (name !== 'start-program') return undefined;
  const stop = events
    .slice(place)
    .find(
      (other) =>
        other.actor === actor &&
        ((other.event === 'command' &&
          other.fields['name'] === 'stop-program' &&
          other.fields['program'] === fields['program']) ||
          other.event === 'kill'),
    );
  // What runs at the end is stopped there, and at a kill with it.
  const isStopped = stop?.event === 'command';
  const duration = isStopped ? stop.at - at : endAt - at + MINUTE;
  const { originalName, version } = fields;
  return [
    `run ${program}`,
    ...(originalName === undefined ? [] : [`as ${formatValue(originalName)}`]),
    ...(version === undefined ? [] : [`version=${formatValue(version)}`]),
    `for ${formatDuration(duration)}`,
  ].join(' ');
}

function durationMs(ms: FieldValue | undefined): string {
  return formatDuration(BigInt(Math.round(Number(ms ?? 0))) * 1_000_000n);
}

/** As a case writes it: `cut 20 rst`, `503 retry-after=20m`. */
function faultText({
  fault,
  'new-only': isNewOnly,
  ...args
}: Readonly<Record<string, FieldValue>>): string {
  const wire = WIRE_FAULTS.find(({ name }) => name === fault);
  const words = wire
    ? wire.args.flatMap(({ name, named }) => {
        const value = args[name];
        if (value === undefined) return [];
        return [named ? `${name}=${formatValue(value)}` : formatValue(value)];
      })
    : Object.entries(args).map(([name, value]) => `${name}=${formatValue(value)}`);
  return [String(fault), ...words, ...(isNewOnly === true ? ['new-only'] : [])].join(' ');
}

function untilText(down: TraceEvent, place: number, events: readonly TraceEvent[]): string {
  const up = events.findIndex(
    (event, index) =>
      index > place &&
      event.event === 'up' &&
      formatActor(event) === formatActor(down) &&
      event.fields['fault'] === down.fields['fault'],
  );
  const counted = up < 0 ? undefined : endsByCount(events[up]!, up, events);
  if (counted === undefined) return '';
  const times = events
    .slice(place, up)
    .filter((event) => event.event === counted && isOf(event, down)).length;
  return ` for ${times} ${counted}${times === 1 ? '' : 's'}`;
}

/** The event with which a fault was over that was to last for so many of them: it stands right before. */
function endsByCount(
  up: TraceEvent,
  place: number,
  events: readonly TraceEvent[],
): string | undefined {
  const before = events[place - 1];
  const isOne = before?.at === up.at && isOf(before, up) && isMeaning(before);
  return isOne && up.at % 1_000_000_000n !== 0n ? before.event : undefined;
}

function isOf(event: TraceEvent, { actor, face }: TraceEvent): boolean {
  return event.actor === actor && (face === undefined || event.face === face);
}

/** `down`, `up`, `down`, `up` … at one pace as one step. */
function flapping(steps: readonly DraftStep[]): readonly DraftStep[] {
  const out: DraftStep[] = [];
  const skipped = new Set<DraftStep>();
  for (const step of steps) {
    if (skipped.has(step)) continue;
    out.push(step.action.startsWith('down ') ? flap(step, steps, skipped) : step);
  }
  return out;
}

function flap(first: DraftStep, steps: readonly DraftStep[], skipped: Set<DraftStep>): DraftStep {
  const own = steps.filter(
    ({ actor, at, action }) =>
      actor === first.actor && at >= first.at && (action === first.action || action === 'up'),
  );
  const [, up, again] = own;
  if (up?.action !== 'up' || again?.action !== first.action) return first;
  const duration = up.at - first.at;
  const period = again.at - first.at;
  let count = 0;
  while (
    own[2 * count]?.action === first.action &&
    own[2 * count]!.at === first.at + BigInt(count) * period &&
    own[2 * count + 1]?.at === own[2 * count]!.at + duration
  )
    count++;
  if (count < MIN_FLAPS) return first;
  const rest = own.slice(0, 2 * count);
  for (const step of rest.slice(1)) skipped.add(step);
  // It would flap on.
  skipped.delete(rest.at(-1)!);
  const action = `${first.action} for ${formatDuration(duration)} every ${formatDuration(period)}`;
  return { ...first, action };
}
