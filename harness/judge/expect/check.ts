import type { ExpectItem } from '../../case/plan.ts';
import type { Nanos } from '../../clock/clock.ts';
import type { TraceEvent } from '../../trace/event.ts';
import type { Finding } from '../verdict.ts';
import { explainExtra, explainMissing } from './explain.ts';
import { hasMinimum, type LineState, Matcher, type Span, within } from './matcher.ts';
import { names } from './pattern.ts';

export interface Missed {
  readonly actor: string;
  readonly at: Nanos;
}

export interface ExpectResult {
  /** The first thing in time that went wrong; what follows it would only be its echo. */
  readonly finding?: Finding;
  /** Of a finding that something is missing: whose it was, and the last moment at which it could have come. */
  readonly missed?: Missed;
  readonly matcher: Matcher;
}

/** What came in the window of a line that names its kind, and went to no line. */
interface Extra {
  readonly state: LineState;
  readonly index: number;
}

/**
 * Checks the expected lines on `events`, which end with the `end` of the play.
 * `whole` is false for a trace that was cut off: then nothing is called missing whose time had not passed.
 * `after`: what came after the play. It matches nothing, but tells whether what is missing was only late.
 */
export function checkExpect(
  items: readonly ExpectItem[],
  events: readonly TraceEvent[],
  whole: boolean,
  after: readonly TraceEvent[] = [],
): ExpectResult {
  const matcher = match(items, events);
  const endAt = events.at(-1)?.at ?? 0n;
  const missing = matcher.lines.find((state) => !hasMinimum(state));
  const deadline = missing && deadlineOf(matcher, missing);
  const extra = firstExtra(matcher, events);
  const missed =
    missing && (deadline !== undefined && deadline < endAt ? deadline : whole ? endAt : undefined);
  if (extra && (missed === undefined || events[extra.index]!.at <= missed)) {
    const before = match(items, events.slice(0, extra.index));
    const finding = explainExtra({ ...extra, matcher, before, events });
    return { finding, matcher };
  }
  if (!missing || missed === undefined) return { matcher };
  const last = events.findLastIndex(({ at }) => at <= missed);
  const before = match(items, events.slice(0, last + 1));
  const finding = explainMissing({
    state: missing,
    matcher,
    before,
    events,
    index: last,
    endAt,
    after,
    ...(deadline !== undefined && { deadline }),
  });
  return { finding, missed: { actor: missing.line.pattern.actor, at: missed }, matcher };
}

function match(items: readonly ExpectItem[], events: readonly TraceEvent[]): Matcher {
  const matcher = new Matcher(items);
  for (const [index, event] of events.entries()) matcher.take(event, index);
  return matcher;
}

/** The last moment at which a line could get its next match; undefined: the end. */
function deadlineOf(matcher: Matcher, state: LineState): Nanos | undefined {
  return matcher.due(state)?.latest ?? matcher.span(state)?.to;
}

function firstExtra(matcher: Matcher, events: readonly TraceEvent[]): Extra | undefined {
  const closed = matcher.lines.flatMap((state) => {
    const span = closedSpan(matcher, state);
    return span ? [{ state, span }] : [];
  });
  for (const [index, event] of events.entries()) {
    if (matcher.ownerOf(index)) continue;
    const covering = closed.filter(
      ({ state, span }) => names(state.line.pattern, event) && within(span, event, index),
    );
    const broken = covering.find(({ state }) => !hasMinimum(state)) ?? covering[0];
    if (broken) return { state: broken.state, index };
  }
  return undefined;
}

/**
 * When the kind of event that a line names is closed: in its window; with `every`, whose window bounds only the first match,
 * from there to the last match, or as long as a next one may come.
 */
export function closedSpan(matcher: Matcher, state: LineState): Span | undefined {
  const span = matcher.span(state);
  const last = state.matches.at(-1);
  if (!span || !state.line.every || !last) return span;
  const full = state.matches.length >= (state.line.max ?? Infinity) || matcher.isPassed(state);
  const until = full ? last.at : matcher.due(state)!.latest;
  return { ...span, to: span.to !== undefined && span.to > until ? span.to : until };
}
