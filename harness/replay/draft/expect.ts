// What happened, as expected lines: one for each thing that a client did or met, repeated ones as one.
import { MINUTE, SECOND, type Nanos } from '../../clock/clock.ts';
import { formatDuration } from '../../clock/duration.ts';
import type { TraceEvent } from '../../trace/event.ts';
import { formatActor, formatValue } from '../../trace/format.ts';
import type { Line } from './line.ts';
import { distance, roundedGap, windowAround } from './rounding.ts';

/** What tells how a client behaves, and the fields that do: numbers of leases and names of logs are of one run only. */
const TOLD: Readonly<Record<string, readonly string[]>> = {
  refused: [],
  unanswered: [],
  reset: ['by'],
  'answer-lost': [],
  probe: ['status'],
  malformed: ['why'],
  'login-refused': [],
  busy: [],
  'lease-request': ['program'],
  'lease-grant': ['program'],
  'lease-deny': ['program', 'why'],
  'lease-release': ['program'],
  'lease-reclaim': ['program'],
  'lease-checkout': ['program'],
  'lease-checkin': ['program'],
  'callback-request': ['program'],
  callback: ['program'],
  'upload-offer': ['records'],
  'upload-accept': ['records'],
  'upload-refuse': ['status', 'why'],
  'protocol-error': ['why'],
};
/** Beyond that many records each is told by its number alone. */
const MAX_VARIABLES = 8;
/** A case is read by people: what would be longer is told by sums. */
const MAX_LINES = 60;
const MAX_PERIOD = 8;
const MIN_ROUNDS = 3;

interface Told {
  readonly at: Nanos;
  /** Everything but the window. */
  readonly columns: readonly string[];
  readonly key: string;
}

export interface Expected {
  readonly lines: readonly Line[];
  /** How many events of what kind are no lines. */
  readonly leftOut: string;
}

/** Of the events of a session up to its end; `isAlone`: there is one client; `grain`: how wide windows are. */
export function expectedLines(
  events: readonly TraceEvent[],
  isAlone: boolean,
  grain: Nanos,
): Expected {
  const leftOut = leftOutText(events);
  const told = toldOf(events, isAlone);
  const lines = inOrder(told, grain);
  if (lines.length <= MAX_LINES) return { lines, leftOut };
  const counted = sums(told, grain);
  if (counted.length <= MAX_LINES) return { lines: counted, leftOut };
  const bare = told.map(({ at, columns: [actor = '', event = ''] }): Told => ({
    at,
    columns: [actor, event, ''],
    key: `${actor} ${event}`,
  }));
  return { lines: sums(bare, grain), leftOut };
}

/** Of a long session: how often each thing was seen, from when to when. */
function sums(told: readonly Told[], grain: Nanos): readonly Line[] {
  const kinds = kindsOf(told);
  const lines = kinds.map((same): Line => {
    const window = windowAround(grain, same[0]!.at, same.at(-1)!.at);
    return { columns: [window, ...withTail(same[0]!.columns, `{${same.length}}`)], indented: true };
  });
  return [{ columns: ['any order:'] }, ...lines];
}

function inOrder(told: readonly Told[], grain: Nanos): readonly Line[] {
  const lines: Line[] = [];
  let before: Nanos | undefined;
  for (let place = 0; place < told.length;) {
    const round = roundAt(told, place);
    if (round) {
      lines.push({ columns: ['any order:'] }, ...blockLines(round, grain));
      place += round.length;
      before = undefined;
      continue;
    }
    const run = runAt(told, place);
    const [first] = run;
    const isClose = before !== undefined && first!.at - before <= grain / 2n;
    const close =
      isClose && before! + grain > run.at(-1)!.at ? `..+${formatDuration(grain)}` : undefined;
    lines.push(runLine(run, close, grain));
    before = run.at(-1)!.at;
    place += run.length;
  }
  return lines;
}

function toldOf(events: readonly TraceEvent[], isAlone: boolean): readonly Told[] {
  const records = new Set(events.flatMap(({ usage }) => usage?.[0]?.record ?? []));
  const variables = new Map([...records].map((record, index) => [record, `$r${index + 1}`]));
  const isTold = toldIn(events);
  return events.flatMap((event): readonly Told[] => {
    const fields = TOLD[event.event];
    if (!fields || !isTold(event)) return [];
    const words = fields.flatMap((name) => {
      const value = event.fields[name];
      return value === undefined ? [] : [`${name}=${formatValue(value)}`];
    });
    const variable = variables.get(event.usage?.[0]?.record ?? '');
    if (variable !== undefined && variables.size <= MAX_VARIABLES) words.push(`record=${variable}`);
    if (!isAlone && event.from !== undefined) words.push(`from=${event.from}`);
    const columns = [formatActor(event), event.event, words.join(' ')];
    return [{ at: event.at, columns, key: columns.join(' ') }];
  });
}

/** What went well on the way is noise: probes are told where one failed, resets where they struck a request. */
function toldIn(events: readonly TraceEvent[]): (event: TraceEvent) => boolean {
  const failedProbes = new Set(
    events.flatMap((event) =>
      event.event === 'probe' && event.fields['status'] !== 200 ? formatActor(event) : [],
    ),
  );
  const answered = new Set(
    events.flatMap(({ event, conn }) => (event === 'sent' ? (conn ?? []) : [])),
  );
  return (event) => {
    const { face, fields, conn } = event;
    if (face === undefined || !Object.hasOwn(TOLD, event.event)) return false;
    if (event.event === 'probe') return failedProbes.has(formatActor(event));
    if (event.event !== 'reset') return true;
    return fields['by'] === 'server' && conn !== undefined && !answered.has(conn);
  };
}

/** The same again and again, at one pace. */
function runAt(told: readonly Told[], place: number): readonly Told[] {
  const first = told[place]!;
  let end = place + 1;
  while (told[end]?.key === first.key) end++;
  const same = told.slice(place, end);
  const second = same[1];
  if (!second) return same;
  const gap = second.at - first.at;
  const odd = same.findIndex(
    ({ at }, index) => index > 0 && !isPace(at - same[index - 1]!.at, gap),
  );
  return odd < 0 ? same : same.slice(0, odd);
}

function isPace(gap: Nanos, wanted: Nanos): boolean {
  return distance(gap, wanted) <= toleranceOf(wanted) / 2n;
}

/** What is seldom may be later by more. */
function toleranceOf(gap: Nanos): Nanos {
  if (gap >= 5n * MINUTE) return MINUTE;
  return gap >= 20n * SECOND ? 5n * SECOND : SECOND;
}

function runLine(run: readonly Told[], close: string | undefined, grain: Nanos): Line {
  const [first, second] = run;
  const last = run.at(-1)!;
  if (!second) return { columns: [close ?? windowAround(grain, first!.at), ...first!.columns] };
  const gap = second.at - first!.at;
  // What comes almost at once has no pace.
  const isPaced = gap >= SECOND;
  const window = close ?? windowAround(grain, first!.at, isPaced ? first!.at : last.at);
  return {
    columns: [window, ...withTail(first!.columns, tail(run.length, isPaced ? gap : undefined))],
  };
}

function tail(count: number, gap: Nanos | undefined): string {
  if (gap === undefined) return `{${count}}`;
  const rounded = roundedGap(gap);
  return `{${count}} every ${formatDuration(rounded)} ±${formatDuration(toleranceOf(rounded))}`;
}

function withTail(columns: readonly string[], text: string): readonly string[] {
  return [...columns.slice(0, -1), [columns.at(-1)!, text].filter((word) => word !== '').join(' ')];
}

/** Several things in turn, three times and more: as one block, or it would fill pages. */
function roundAt(told: readonly Told[], place: number): readonly Told[] | undefined {
  for (let period = 2; period <= MAX_PERIOD; period++) {
    let end = place + period;
    while (end < told.length && told[end]!.key === told[end - period]!.key) end++;
    const rounds = atOnePace(told, place, period, Math.floor((end - place) / period));
    const keys = new Set(told.slice(place, place + period).map(({ key }) => key));
    if (rounds >= MIN_ROUNDS && keys.size > 1) return told.slice(place, place + rounds * period);
  }
  return undefined;
}

/** Of so many rounds the first ones that keep the pace of the first two; all, where that would leave too few. */
function atOnePace(told: readonly Told[], place: number, period: number, rounds: number): number {
  const begin = (round: number): Nanos => told[place + round * period]!.at;
  let even = 2;
  while (even < rounds && isPace(begin(even) - begin(even - 1), begin(1) - begin(0))) even++;
  return even < MIN_ROUNDS ? rounds : even;
}

function blockLines(round: readonly Told[], grain: Nanos): readonly Line[] {
  return kindsOf(round).map((same): Line => {
    const gap = same[1]!.at - same[0]!.at;
    const isPaced =
      gap >= SECOND &&
      same.every(({ at }, index) => index === 0 || isPace(at - same[index - 1]!.at, gap));
    const window = windowAround(grain, same[0]!.at, isPaced ? same[0]!.at : same.at(-1)!.at);
    const words = withTail(same[0]!.columns, tail(same.length, isPaced ? gap : undefined));
    return { columns: [window, ...words], indented: true };
  });
}

function kindsOf(told: readonly Told[]): readonly (readonly Told[])[] {
  const kinds = new Map<string, Told[]>();
  for (const one of told) {
    const same = kinds.get(one.key);
    if (same) same.push(one);
    else kinds.set(one.key, [one]);
  }
  return [...kinds.values()];
}

function leftOutText(events: readonly TraceEvent[]): string {
  const isTold = toldIn(events);
  const counts = new Map<string, number>();
  for (const one of events)
    if (one.face !== undefined && !isTold(one) && !UNTOLD.has(one.event))
      counts.set(one.event, (counts.get(one.event) ?? 0) + 1);
  return [...counts]
    .toSorted(([, a], [, b]) => b - a)
    .map(([event, count]) => `${count} × ${event}`)
    .join(', ');
}

/** Bytes, and what the play does itself. */
const UNTOLD: ReadonlySet<string> = new Set(['received', 'sent', 'swallowed', 'down', 'up']);
