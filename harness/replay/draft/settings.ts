// The settings of a client, guessed from its pace. A capture of the wire does not show them.
import { MINUTE, SECOND, type Nanos } from '../../clock/clock.ts';
import { formatDuration, parseDuration } from '../../clock/duration.ts';
import type { TraceEvent } from '../../trace/event.ts';
import type { Settings } from '../infer-plan.ts';
import type { Outcome } from './outcomes.ts';
import { distance, floorTo, roundedGap } from './rounding.ts';

export interface Guessed {
  readonly settings: Settings;
  /** What each is concluded from, a sentence each. */
  readonly why: readonly string[];
}

const DEFAULT_POLLING = '4h';
const DEFAULT_RETRY = '15m';

export function guessSettings(
  client: string,
  events: readonly TraceEvent[],
  all: readonly Outcome[],
): Guessed {
  const own = all.filter((outcome) => outcome.client === client);
  const isOnline = events.some(
    ({ event, from, fields }) =>
      (from ?? client) === client &&
      (event === 'lease-request' || (event === 'hello' && fields['mode'] === 'online')),
  );
  const why: string[] = [];
  const passes = passesOf(own);
  const retryNs = isOnline
    ? mostOften(gapsAfterFailure(own.filter(({ face }) => face !== 'share')))
    : mostOften(gapsAfterFailedPass(passes));
  if (retryNs !== undefined)
    why.push(`retryDelay: attempts that failed are ${formatDuration(retryNs)} apart`);
  const attempts = isOnline ? beforeLeaving(own) : inOneRow(passes, retryNs);
  if (attempts !== undefined)
    why.push(
      isOnline
        ? `attempts: so many failed before it turned to another server`
        : `attempts: so many followed each other at that pace`,
    );
  const pollNs = pollingInterval(passes, retryNs ?? parseDuration(DEFAULT_RETRY)!, attempts ?? 1);
  why.push(
    pollNs === undefined
      ? `pollingInterval: not seen twice, taken to be ${DEFAULT_POLLING}`
      : `pollingInterval: synchronizations are ${formatDuration(pollNs)} apart`,
  );
  return {
    settings: {
      mode: isOnline ? 'online' : 'offline',
      attempts: String(attempts ?? 1),
      retryDelay: retryNs === undefined ? DEFAULT_RETRY : formatDuration(retryNs),
      pollingInterval: pollNs === undefined ? DEFAULT_POLLING : formatDuration(pollNs),
    },
    why,
  };
}

/** By how much a capture began later than its client: an offline one polls first when an interval is over. */
export function lateStart(settings: Settings, events: readonly TraceEvent[]): Nanos {
  const first = events.find(({ face }) => face !== undefined);
  if (!first || settings.mode !== 'offline') return 0n;
  const pollNs = parseDuration(settings.pollingInterval ?? DEFAULT_POLLING) ?? 0n;
  const shift = pollNs - floorTo(first.at, SECOND);
  return shift > SECOND && shift > pollNs / 100n ? shift : 0n;
}

/** From an attempt that failed to the next one there. */
function gapsAfterFailure(own: readonly Outcome[]): readonly Nanos[] {
  return own.flatMap(({ at, fault, ...place }, index) => {
    const next = own.slice(index + 1).find((other) => placeOf(other) === placeOf(place));
    return fault === undefined || !next ? [] : next.at - at;
  });
}

/** From a pass over the whole list that failed to the next one. */
function gapsAfterFailedPass(passes: readonly Pass[]): readonly Nanos[] {
  return passes.slice(1).flatMap(({ at }, index) => {
    const before = passes[index]!;
    return before.failed ? at - before.at : [];
  });
}

function mostOften(gaps: readonly Nanos[]): Nanos | undefined {
  const counts = new Map<Nanos, number>();
  for (const gap of gaps.filter((each) => each >= SECOND)) {
    const rounded = roundedGap(gap);
    counts.set(rounded, (counts.get(rounded) ?? 0) + 1);
  }
  const [most] = [...counts].toSorted(([a, m], [b, n]) => n - m || Number(a - b));
  return most?.[0];
}

/** An online client: failed attempts on one pipe before the first on another. */
function beforeLeaving(own: readonly Outcome[]): number | undefined {
  const pipes = own.filter(({ face }) => face !== 'share');
  const first = pipes.findIndex(({ fault }) => fault !== undefined);
  if (first < 0) return undefined;
  const from = pipes.slice(first);
  const left = from.findIndex(
    ({ server, fault }) => server !== from[0]!.server || fault === undefined,
  );
  return bounded(left < 0 ? from.length : left);
}

/** An offline client: passes over its list, one retry delay after the other, the one that succeeded included. */
function inOneRow(passes: readonly Pass[], retryNs: Nanos | undefined): number | undefined {
  if (retryNs === undefined) return undefined;
  let best = 1;
  let count = 1;
  for (const [index, pass] of passes.entries()) {
    const before = passes[index - 1];
    const isRetry =
      before?.failed === true && distance(pass.at - before.at, retryNs) <= retryNs / 10n;
    count = isRetry ? count + 1 : 1;
    best = Math.max(best, count);
  }
  return bounded(best);
}

interface Pass {
  readonly at: Nanos;
  last: Nanos;
  failed: boolean;
}

/** Attempts on shares that follow each other closely are one synchronization. */
function passesOf(own: readonly Outcome[]): readonly Pass[] {
  const shares = own.filter(({ face }) => face === 'share');
  const closeNs = closenessOf(shares);
  const passes: Pass[] = [];
  for (const { at, fault } of shares) {
    const pass = passes.at(-1);
    if (pass && at - pass.last <= closeNs) {
      pass.last = at;
      pass.failed &&= fault !== undefined;
    } else passes.push({ at, last: at, failed: fault !== undefined });
  }
  return passes;
}

/** Half of the time after which one share is tried again, at most a minute; within a synchronization that is at once. */
function closenessOf(shares: readonly Outcome[]): Nanos {
  let least = 2n * MINUTE;
  const lastAt = new Map<string, Nanos>();
  for (const outcome of shares) {
    const before = lastAt.get(placeOf(outcome));
    lastAt.set(placeOf(outcome), outcome.at);
    const gap = before === undefined ? 0n : outcome.at - before;
    if (gap > SECOND && gap < least) least = gap;
  }
  return least / 2n;
}

function bounded(attempts: number): number {
  return Math.min(100, Math.max(1, attempts));
}

/** From one synchronization to the next. What follows within the retries belongs to the one before. */
function pollingInterval(
  passes: readonly Pass[],
  retryNs: Nanos,
  attempts: number,
): Nanos | undefined {
  const begins = passes.filter(({ at }, index) => {
    const before = passes[index - 1];
    const isRetry =
      before?.failed === true && attempts > 1 && at - before.at <= retryNs + retryNs / 10n;
    return !isRetry;
  });
  const gaps = begins.slice(1).map(({ at }, index) => roundedGap(at - begins[index]!.at));
  return gaps.length === 0 ? undefined : gaps.reduce((a, b) => (a < b ? a : b));
}

function placeOf({ server, face }: Pick<Outcome, 'server' | 'face'>): string {
  return `${server}.${face}`;
}
