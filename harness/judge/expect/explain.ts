// An expected line that did not hold, in words.
import type { Bound, ExpectLine, Window } from '../../case/plan.ts';
import type { Nanos } from '../../clock/clock.ts';
import { formatDuration } from '../../clock/duration.ts';
import type { TraceEvent } from '../../trace/event.ts';
import { formatEvent } from '../../trace/format.ts';
import type { Finding } from '../verdict.ts';
import { hasMinimum, type LineState, type Match, type Matcher, type Span } from './matcher.ts';
import { differences, formatPattern, matched } from './pattern.ts';

/** How many times of matches are listed before the rest is only counted. */
const MAX_TIMES = 4;

type RelativeBound = Exclude<Bound, { kind: 'time' }>;

export interface ExtraCase {
  readonly state: LineState;
  readonly index: number;
  /** After all events, and before the one that broke the line. */
  readonly matcher: Matcher;
  readonly before: Matcher;
  readonly events: readonly TraceEvent[];
}

export function explainExtra({ state, index, matcher, before, events }: ExtraCase): Finding {
  const event = events[index]!;
  const { line } = state;
  const then = before.lines[matcher.lines.indexOf(state)]!;
  const wrong = differences(line.pattern, event, before.bindings);
  const due = before.due(then);
  const span = matcher.span(state);
  const full = then.matches.length >= (line.max ?? Infinity);
  let by: string;
  let marginNs: Nanos | undefined;
  if (wrong.length > 0) by = wrong.join(', ');
  else if (full) {
    by = `one more than ${line.max}`;
    marginNs = edgeDistance(span, event.at);
  } else if (due && (event.at < due.earliest || event.at > due.latest)) {
    const gap = event.at - then.matches.at(-1)!.at;
    marginNs = event.at < due.earliest ? due.earliest - event.at : event.at - due.latest;
    by = `${formatDuration(gap)} after the one before: ${off(event.at < due.earliest, marginNs)}`;
  } else if (before.isPassed(then)) by = 'it came after the line behind it had matched';
  else by = 'it came before the lines above it had matched';
  return {
    ...placed(line, index, before),
    expected: expectedText(line, span, before),
    actual: formatEvent(event, { from: line.pattern.from !== undefined }),
    by,
    ...(marginNs !== undefined && {
      marginNs,
      sinceStart:
        due === undefined && countsFromCase(line.window, matchesOf(matcher, state), events),
    }),
  };
}

export interface MissingCase {
  readonly state: LineState;
  readonly matcher: Matcher;
  /** When the line could no longer be kept. */
  readonly before: Matcher;
  readonly events: readonly TraceEvent[];
  /** The last event before that. */
  readonly index: number;
  readonly endAt: Nanos;
  /** What came after the play. */
  readonly after: readonly TraceEvent[];
  /** The last moment at which a match could have come; absent: the end. */
  readonly deadline?: Nanos;
}

export function explainMissing(missing: MissingCase): Finding {
  const { state, matcher, before, events, index, deadline, endAt } = missing;
  const { line, matches } = state;
  const span = matcher.span(state);
  const near = nearestOf(missing, span);
  const sinceStart =
    matcher.due(state) === undefined &&
    countsFromCase(line.window, matchesOf(matcher, state), events);
  const counted = `${matches.length} of ${line.min} came`;
  const base = { ...placed(line, index, before), expected: expectedText(line, span, matcher) };
  if (near && !near.before) {
    const { offNs, tooSoon } = near;
    return {
      ...base,
      index: near.index,
      actual: `${formatEvent(events[near.index]!)} (${counted} in time)`,
      by: off(tooSoon, offNs),
      marginNs: offNs,
      sinceStart,
    };
  }
  const bounded = deadline !== undefined && deadline < endAt;
  const lateNs = lateBy(missing, bounded ? deadline : endAt, bounded);
  const earlier = near ? `; before: ${formatEvent(events[near.index]!)}` : '';
  return {
    ...base,
    actual: `${counted} by ${bounded ? formatDuration(deadline) : 'the end'}${earlier}`,
    by: `${line.min - matches.length} missing`,
    ...(lateNs !== undefined && { marginNs: lateNs, sinceStart }),
  };
}

/**
 * What jitter would have to explain: it may have pushed what did come beyond the end of the play. What had not come either when
 * the trace ended was no later than that; without a bound it was never late.
 */
function lateBy(
  { state, matcher, after, endAt }: MissingCase,
  since: Nanos,
  bounded: boolean,
): Nanos | undefined {
  const { line, matches } = state;
  const came = after.filter((event) => matched(line.pattern, event, matcher.bindings));
  const completing = came[line.min - matches.length - 1];
  if (completing) return completing.at - since;
  return bounded ? (after.at(-1)?.at ?? endAt) - since : undefined;
}

/** What the play does to servers and clients. Something that came before such a step was no answer to it. */
const STEPS: ReadonlySet<string> = new Set([
  'down',
  'up',
  'restart',
  'start',
  'kill',
  'clock',
  'disk',
  'command',
]);

interface Near {
  readonly index: number;
  readonly offNs: Nanos;
  readonly tooSoon: boolean;
  /** It came too soon, and the play has gone on between it and the window: it is another one, not this one too soon. */
  readonly before?: boolean;
}

/** The event nearest to the window that would have matched but for its time. */
function nearestOf(
  { state, matcher, events, deadline }: MissingCase,
  span: Span | undefined,
): Near | undefined {
  if (!span) return undefined;
  const earliest = matcher.due(state)?.earliest ?? span.from;
  let best: Near | undefined;
  for (const [index, event] of events.entries()) {
    if (matcher.ownerOf(index) || !matched(state.line.pattern, event, matcher.bindings)) continue;
    const late = deadline === undefined ? -1n : event.at - deadline;
    const soon = earliest - event.at;
    const offNs = late > 0n ? late : soon;
    if (offNs <= 0n || (best && best.offNs <= offNs)) continue;
    best = { index, offNs, tooSoon: late <= 0n };
  }
  if (!best?.tooSoon) return best;
  const { index } = best;
  const before = events.some(
    ({ at, event }, step) => step > index && at < earliest && STEPS.has(event),
  );
  return { ...best, before };
}

/** What all findings on expected lines share: where it is written, what matched, what could have come. */
function placed(
  line: ExpectLine,
  index: number,
  before: Matcher,
): Pick<Finding, 'what' | 'position' | 'claim' | 'index' | 'matched' | 'legalNext'> {
  const open = before.open();
  return {
    what: 'expect',
    position: line.position,
    claim: line.text,
    ...(index >= 0 && { index }),
    matched: before.lines
      .filter(({ matches }) => matches.length > 0)
      .map((state) => `${state.line.text}  (${timesOf(state)})`),
    legalNext: open.map((state) => {
      const now = before.span(state);
      const rest = hasMinimum(state) ? ', optional' : '';
      return `${formatPattern(state.line.pattern, before.bindings)}${spanText(before, state, now)}${rest}`;
    }),
  };
}

/**
 * True where a bound of the window is a time of the case, or counts from a step of the play, which waits for no client: from a
 * match of its own on, the client alone keeps the time. `matchOf`: what a bound that is not a time counts from.
 */
export function countsFromCase(
  { from, to }: Window,
  matchOf: (bound: RelativeBound) => Match | undefined,
  events: readonly TraceEvent[],
): boolean {
  return [from, to].some((bound) => {
    if (bound === undefined || bound.kind === 'time') return bound !== undefined;
    const match = matchOf(bound);
    return match !== undefined && STEPS.has(events[match.index]!.event);
  });
}

function matchesOf(
  matcher: Matcher,
  { item }: LineState,
): (bound: RelativeBound) => Match | undefined {
  return (bound) =>
    bound.kind === 'anchor' ? matcher.anchor(bound) : matcher.lastMatchBefore(item);
}

function timesOf({ matches }: LineState): string {
  const times = matches.slice(0, MAX_TIMES).map(({ at }) => formatDuration(at));
  const more = matches.length - times.length;
  return `at ${times.join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
}

function expectedText(line: ExpectLine, span: Span | undefined, matcher: Matcher): string {
  const every = line.every
    ? ` every ${formatDuration(line.every.gap)} ±${formatDuration(line.every.tolerance)}`
    : '';
  const first = line.every && (line.max ?? 2) > 1 ? ', the first' : '';
  const pattern = formatPattern(line.pattern, matcher.bindings);
  return `${countText(line)} × ${pattern}${every}${first}${windowText(span)}`;
}

function countText({ min, max }: ExpectLine): string {
  if (max === undefined) return `${min} or more`;
  return min === max ? `${min}` : `${min} to ${max}`;
}

function spanText(matcher: Matcher, state: LineState, span: Span | undefined): string {
  const due = matcher.due(state);
  return windowText(due ? { from: due.earliest, afterIndex: -1, to: due.latest } : span);
}

function windowText(span: Span | undefined): string {
  if (!span) return '';
  const to = span.to === undefined ? 'the end' : formatDuration(span.to);
  return ` from ${formatDuration(span.from)} to ${to}`;
}

function off(tooSoon: boolean, offNs: Nanos): string {
  return `${formatDuration(offNs)} too ${tooSoon ? 'soon' : 'late'}`;
}

/** How far inside a window something lies: what jitter would have to explain. */
export function edgeDistance(span: Span | undefined, at: Nanos): Nanos | undefined {
  if (!span) return undefined;
  const fromStart = at - span.from;
  // A window from 0s has no edge on that side: nothing happens before.
  if (span.to === undefined) return span.from === 0n ? undefined : fromStart;
  const toEnd = span.to - at;
  return span.from === 0n || toEnd < fromStart ? toEnd : fromStart;
}
