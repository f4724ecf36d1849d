// How two sessions differ in what a client did, also where both pass: what a person would tell, then attempts, gaps, order.
import type { Plan } from '../case/plan.ts';
import { SECOND, type Nanos } from '../clock/clock.ts';
import { formatDuration } from '../clock/duration.ts';
import type { Judgement } from '../judge/verdict.ts';
import type { Attempt } from '../judge/view/attempts.ts';
import { View } from '../judge/view/view.ts';
import { behaviourOf } from '../run/sweep/behaviour.ts';
import { difference } from '../run/sweep/difference.ts';
import type { TraceEvent } from '../trace/event.ts';

export interface Session {
  readonly plan: Plan;
  readonly events: readonly TraceEvent[];
  readonly judgement: Judgement;
}

export interface SessionDiff {
  /** The user or the bill would notice. */
  readonly major: readonly string[];
  /** Only the servers do. */
  readonly minor: readonly string[];
}

/** Gaps that differ by less are the same pace. */
const PACE_NS = SECOND;
const MAX_SHOWN = 8;

/** What `b` does in place of what `a` does. Both are sessions with clients of the same names. */
export function diffSessions(a: Session, b: Session): SessionDiff {
  const { major, minor } = difference(
    behaviourOf(a.plan, a.events, a.judgement),
    behaviourOf(b.plan, b.events, b.judgement),
  );
  return { major, minor: [...minor, ...shapeDifference(a, b)] };
}

/** Attempts, their gaps and their order, client by client. */
function shapeDifference(a: Session, b: Session): readonly string[] {
  const before = new View(a.plan, a.events);
  const now = new View(b.plan, b.events);
  const clients = new Set([...a.plan.clients, ...b.plan.clients].map(({ name }) => name));
  return [...clients].flatMap((client) => {
    const [was, is] = [before, now].map(({ attempts }) =>
      attempts.filter((attempt) => attempt.client === client),
    );
    return attemptsDifference(client, was!, is!);
  });
}

function attemptsDifference(
  client: string,
  before: readonly Attempt[],
  now: readonly Attempt[],
): readonly string[] {
  const told: string[] = [];
  const [orderBefore, orderNow] = [orderText(before), orderText(now)];
  const places = [...new Set([...before, ...now].map(placeOf))].toSorted();
  for (const place of places) {
    const [was, is] = [before, now].map((attempts) =>
      attempts.filter((attempt) => placeOf(attempt) === place),
    );
    if (was!.length !== is!.length)
      told.push(`${client}: ${is!.length} instead of ${was!.length} attempts on ${place}`);
    const [gapsBefore, gapsNow] = [gapsOf(was!), gapsOf(is!)];
    if (!samePace(gapsBefore, gapsNow) && gapsBefore.length > 0 && gapsNow.length > 0)
      told.push(
        `${client}: gaps on ${place} ${gapsText(gapsNow)} instead of ${gapsText(gapsBefore)}`,
      );
  }
  if (orderBefore !== orderNow) told.push(`${client}: order ${orderNow} instead of ${orderBefore}`);
  return told;
}

function placeOf({ server, face }: Attempt): string {
  return `${server}.${face}`;
}

function gapsOf(attempts: readonly Attempt[]): readonly Nanos[] {
  return attempts.slice(1).map(({ at }, index) => at - attempts[index]!.at);
}

/** As far as both go: that one made more attempts is told by their number. */
function samePace(a: readonly Nanos[], b: readonly Nanos[]): boolean {
  return a.slice(0, b.length).every((gap, index) => {
    const by = gap - b[index]!;
    return by < PACE_NS && by > -PACE_NS;
  });
}

function gapsText(gaps: readonly Nanos[]): string {
  const texts = gaps.map((gap) =>
    gap < PACE_NS ? 'under 1s' : formatDuration(gap - (gap % PACE_NS)),
  );
  return listed(texts);
}

/** `alpha.share ×5, bravo.share` */
function orderText(attempts: readonly Attempt[]): string {
  return attempts.length === 0 ? 'none' : listed(attempts.map(placeOf));
}

function listed(words: readonly string[]): string {
  const rows: { word: string; times: number }[] = [];
  for (const word of words) {
    const last = rows.at(-1);
    if (last?.word === word) last.times++;
    else rows.push({ word, times: 1 });
  }
  const shown = rows
    .slice(0, MAX_SHOWN)
    .map(({ word, times }) => (times > 1 ? `${word} ×${times}` : word));
  const hidden = rows.length - shown.length;
  return shown.join(', ') + (hidden > 0 ? ` and ${hidden} more` : '');
}
