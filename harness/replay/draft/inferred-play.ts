// The play of a session that was seen on the wire alone: what clients did, and what was down when, is concluded from it.
import { MINUTE, SECOND, type Nanos } from '../../clock/clock.ts';
import { formatDuration } from '../../clock/duration.ts';
import type { TraceEvent, UsageNote } from '../../trace/event.ts';
import { formatValue } from '../../trace/format.ts';
import { type Outcome, outcomesIn } from './outcomes.ts';
import { floorTo, roundedGap, roundTimeBetween } from './rounding.ts';
import type { DraftStep } from './step.ts';

export interface Wire {
  readonly events: readonly TraceEvent[];
  readonly clients: readonly string[];
  /** Wall-clock date of time 0, ms since 1970. */
  readonly epochMs: number;
}

export function inferredSteps({ events, clients, epochMs }: Wire): readonly DraftStep[] {
  const end = floorTo(events.at(-1)?.at ?? 0n, MINUTE) + MINUTE;
  const steps = [
    ...clients.map((actor): DraftStep => ({
      at: 0n,
      place: 0,
      actor,
      action: 'start',
      comment: 'a guess: nothing shows when it was started',
    })),
    ...clients.flatMap((client) => runsOf(client, events, epochMs, end)),
    ...downtimes(events),
  ];
  return [
    ...steps.toSorted((a, b) => (a.at < b.at ? -1 : a.at > b.at ? 1 : order(a) - order(b))),
    { at: end, place: events.length, actor: 'harness', action: 'end' },
  ];
}

/** Of one moment: one fault ends before the next, and what is down is down before somebody starts. */
function order({ action }: DraftStep): number {
  if (action === 'up') return 0;
  return action.startsWith('down') ? 1 : 2;
}

interface Run {
  readonly program: string;
  readonly from: Nanos;
  readonly to: Nanos;
  readonly comment?: string;
}

function runsOf(
  client: string,
  events: readonly TraceEvent[],
  epochMs: number,
  end: Nanos,
): readonly DraftStep[] {
  const own = events.filter(({ from }) => (from ?? client) === client);
  const recorded = usageOf(own).map((note) => recordedRun(note, epochMs, own));
  const asked = askedRuns(own, end).filter(
    ({ program, from }) =>
      !recorded.some(
        (run) => run.program === program && run.from - MINUTE <= from && from <= run.to + MINUTE,
      ),
  );
  return [...recorded, ...asked].map(({ program, from, to, comment }) => ({
    at: from,
    place: events.findIndex(({ at }) => at >= from),
    actor: client,
    action: `run ${formatValue(program)} for ${formatDuration(roundedGap(to - from))}`,
    ...(comment !== undefined && { comment }),
    run: { program, to },
  }));
}

function usageOf(events: readonly TraceEvent[]): readonly UsageNote[] {
  const notes = events.flatMap(({ usage }) => usage ?? []);
  return [...new Map(notes.map((note) => [note.record, note])).values()];
}

function recordedRun(
  { record, program, startMs, stopMs }: UsageNote,
  epochMs: number,
  events: readonly TraceEvent[],
): Run {
  const from = nearest(BigInt(Math.round(startMs - epochMs)) * 1_000_000n);
  const to = nearest(BigInt(Math.round(stopMs - epochMs)) * 1_000_000n);
  const offer = events.find(({ usage }) => usage?.some((note) => note.record === record));
  const isPossible = from >= 0n && from < to && to <= (offer?.at ?? to);
  if (isPossible) return { program, from, to };
  // The dates are those of the client's clock.
  const before = offer?.at ?? MINUTE;
  const length = to > from && to - from < before ? to - from : before / 4n;
  const start = floorTo((before - length) / 2n, SECOND);
  const comment = 'a guess: its record names a time that does not fit the capture';
  return { program, from: start, to: start + (length > SECOND ? length : SECOND), comment };
}

/** Written by a clock in milliseconds, a little after the moment. */
function nearest(time: Nanos): Nanos {
  return time < 0n ? time : floorTo(time + SECOND / 2n, SECOND);
}

/** Of a licence that was asked for and whose use no record tells. */
function askedRuns(events: readonly TraceEvent[], end: Nanos): readonly Run[] {
  return events.flatMap(({ event, at, fields }, place): readonly Run[] => {
    if (event !== 'lease-request') return [];
    const program = String(fields['program'] ?? '');
    const release = events.find(
      (other, index) =>
        index > place && other.event === 'lease-release' && other.fields['program'] === program,
    );
    const isAgain = events.some(
      (other, index) =>
        index < place &&
        other.event === 'lease-request' &&
        other.fields['program'] === program &&
        !events.slice(index, place).some((one) => one.event === 'lease-release'),
    );
    if (isAgain) return [];
    const comment = 'a guess: from its request for a licence';
    return [{ program, from: floorTo(at, SECOND), to: release?.at ?? end, comment }];
  });
}

interface Stretch {
  readonly server: string;
  readonly face: string;
  readonly fault: string;
  readonly why?: string;
  readonly lastGood?: Outcome;
  /** The last attempt under another fault that went right before. */
  readonly before?: Outcome;
  readonly first: Outcome;
  last: Outcome;
  nextGood?: Outcome;
}

function downtimes(events: readonly TraceEvent[]): readonly DraftStep[] {
  const stretches: Stretch[] = [];
  const open = new Map<string, Stretch>();
  const good = new Map<string, Outcome>();
  for (const outcome of outcomesIn(events)) {
    const { server, face, fault, why } = outcome;
    const key = `${server}.${face}`;
    const current = open.get(key);
    if (current && fault === current.fault) {
      current.last = outcome;
      continue;
    }
    if (current) {
      if (fault === undefined) current.nextGood = outcome;
      open.delete(key);
    }
    if (fault === undefined) good.set(key, outcome);
    else {
      const lastGood = current ? undefined : good.get(key);
      const stretch: Stretch = {
        server,
        face,
        fault,
        ...(why !== undefined && { why }),
        ...(current ? { before: current.last } : lastGood && { lastGood }),
        first: outcome,
        last: outcome,
      };
      open.set(key, stretch);
      stretches.push(stretch);
    }
  }
  return stretches.flatMap((stretch) => {
    const begin = beginning(stretch, events);
    const { before } = stretch;
    // One fault follows another: it ends where that begins.
    const end: DraftStep[] = before ? [{ ...begin, action: 'up' }] : [];
    return [...end, begin, ...ending(stretch)];
  });
}

function beginning(
  { server, face, fault, why, first, ...stretch }: Stretch,
  events: readonly TraceEvent[],
): DraftStep {
  const lastGood = stretch.lastGood ?? stretch.before;
  const actor = `${server}.${face}`;
  const reason = why === undefined ? '' : `; ${why}`;
  const step = (at: Nanos, place: number, comment: string): DraftStep => ({
    at,
    place,
    actor,
    action: `down ${fault}`,
    comment: `${comment}${reason}`,
  });
  if (!lastGood) return step(0n, 0, `a guess: the first attempt failed, at ${shown(first.at)}`);
  const broken = events.findIndex(
    (event, index) =>
      index > lastGood.place &&
      index < first.place &&
      event.actor === server &&
      event.face === face &&
      event.event === 'reset' &&
      event.fields['by'] === 'server',
  );
  if (broken >= 0)
    return step(floorTo(events[broken]!.at, SECOND), broken, 'its connections were reset then');
  const between = roundTimeBetween(lastGood.at, first.at);
  const range = `between ${shown(lastGood.at)} and ${shown(first.at)}`;
  if (between !== undefined && first.at - lastGood.at > 5n * SECOND)
    return step(between, first.place, `a guess: ${range}`);
  // Right after the last thing that went well.
  return step(
    lastThing(events, lastGood, first),
    first.place,
    'just before the attempt that failed',
  );
}

function lastThing(
  events: readonly TraceEvent[],
  { server, face, at }: Outcome,
  first: Outcome,
): Nanos {
  const last = events.findLast(
    (event, index) =>
      index < first.place &&
      event.actor === server &&
      event.face === face &&
      event.event !== 'connect',
  );
  return last?.at ?? at;
}

function ending({ server, face, last, nextGood }: Stretch): readonly DraftStep[] {
  if (!nextGood) return [];
  const at = roundTimeBetween(last.at, nextGood.at) ?? floorTo(nextGood.at, SECOND);
  const comment = `a guess: between ${shown(last.at)} and ${shown(nextGood.at)}`;
  return [{ at, place: nextGood.place, actor: `${server}.${face}`, action: 'up', comment }];
}

function shown(at: Nanos): string {
  return formatDuration(floorTo(at, SECOND));
}
