// A plan with another value of what a sweep varies. Pure.
import type { Plan, Step, StepTime } from '../../case/plan.ts';
import type { Nanos } from '../../clock/clock.ts';
import { formatDuration } from '../../clock/duration.ts';
import { SweepError, type Variation } from './variation.ts';
import { withoutSteps } from './without-steps.ts';

type DownStep = Step & { readonly action: { readonly kind: 'down' } };

/** The plan with that value. A case without the downtime that is meant is a SweepError. */
export function varied(plan: Plan, variation: Variation, value: bigint): Plan {
  switch (variation.quantity) {
    case 'attempts':
      return withClients(plan, { attempts: Number(value) });
    case 'retry-delay':
      return withClients(plan, { retryDelayNs: value });
    case 'outage':
      return { ...plan, play: withOutage(plan.play, variation, value) };
    case 'down':
      return { ...plan, play: withServersDown(plan, variation, Number(value)) };
  }
}

/** Expected lines and the `ledger` claim are written for one value: only what holds for every value is left. */
export function withoutExpectations(plan: Plan): Plan {
  const { ledger: _, ...rest } = plan;
  return { ...rest, expect: [], never: [] };
}

function withClients(plan: Plan, change: Partial<Plan['clients'][number]>): Plan {
  return { ...plan, clients: plan.clients.map((client) => ({ ...client, ...change })) };
}

/** Every sample ends at the same time, late enough for the longest outage: only one thing is to differ between them. */
function withOutage(
  play: readonly Step[],
  { downtimes, to }: Variation,
  value: Nanos,
): readonly Step[] {
  const times = absoluteTimes(play);
  const changed = new Map<number, Step>();
  let extension = 0n;
  for (const index of downStepsIn(play, downtimes)) {
    const step = play[index] as DownStep;
    const up = endOf(play, index);
    const lasted = lengthOf(play, index, up, times);
    if (to - lasted > extension) extension = to - lasted;
    if (up === undefined) changed.set(index, withDuration(step, value));
    else changed.set(up, movedUp(play, index, up, times[index], value));
  }
  const last = play.length - 1;
  if (!followsAnyOf(play, last, changed)) changed.set(last, later(play[last]!, extension));
  return play.map((step, index) => changed.get(index) ?? step);
}

/** The first n servers get the fault of the downtime, together; the other downtimes of the case are left out. */
function withServersDown(
  { play, servers }: Plan,
  { downtimes }: Variation,
  count: number,
): readonly Step[] {
  if (count > servers.length)
    throw new SweepError(
      `the case has ${servers.length} servers; --down goes from 0 to ${servers.length}`,
    );
  const index = downStepsIn(play, downtimes)[0]!;
  const up = endOf(play, index);
  const others = play.flatMap(({ action }, other) =>
    (action.kind === 'down' || action.kind === 'up') && other !== index && other !== up
      ? [other]
      : [],
  );
  const own = up === undefined ? [index] : [index, up];
  const left = withoutSteps(play, count === 0 ? [...others, ...own] : others);
  if (count === 0) return left;
  const positions = new Set(own.map((place) => play[place]!.position));
  return left.flatMap((step) =>
    positions.has(step.position) ? copies(step, servers.slice(0, count)) : [step],
  );
}

function copies(step: Step, servers: readonly string[]): Step[] {
  const { action, time } = step;
  if (action.kind !== 'down' && action.kind !== 'up') return [step];
  return servers.map((server, number) => ({
    ...step,
    time: number === 0 || time.kind === 'at' ? time : { kind: 'after', delay: 0n },
    action: { ...action, server },
    text: step.text.replace(action.server, server),
  }));
}

function downStepsIn(play: readonly Step[], wanted: Variation['downtimes']): readonly number[] {
  const all = play.flatMap(({ action }, index) => (action.kind === 'down' ? [index] : []));
  if (all.length === 0)
    throw new SweepError(
      'no server goes down in this case: choose one with a "down" step, or vary --attempts or --retry-delay',
    );
  if (wanted === 'all') return all;
  return wanted.map((number) => {
    const index = all[number - 1];
    if (index === undefined)
      throw new SweepError(
        `there is no downtime ${number}; the case has ${all.length}: ` +
          all.map((place, at) => `${at + 1} (${play[place]!.text})`).join(', '),
      );
    return index;
  });
}

/** The `up` step that ends the downtime; undefined where it ends by itself, or with the play. */
function endOf(play: readonly Step[], down: number): number | undefined {
  const { action } = play[down] as DownStep;
  if (action.until.kind !== 'up') return undefined;
  const up = play.findIndex(
    (step, index) =>
      index > down &&
      step.action.kind === 'up' &&
      step.action.server === action.server &&
      (step.action.face === undefined || step.action.face === action.face),
  );
  return up < 0 ? undefined : up;
}

function withDuration(step: DownStep, duration: Nanos): Step {
  const { action, text } = step;
  const line = text.replace(/\s+for\s.*$/, '');
  return {
    ...step,
    action: { ...action, until: { kind: 'for', duration } },
    text: `${line} for ${formatDuration(duration)}`,
  };
}

function movedUp(
  play: readonly Step[],
  down: number,
  up: number,
  downAt: Nanos | undefined,
  value: Nanos,
): Step {
  const step = play[up]!;
  const { server } = step.action as { server: string };
  const isNext = up === down + 1 && step.time.kind === 'after';
  if (downAt === undefined && !isNext)
    throw new SweepError(
      `line ${play[down]!.position.line}: this downtime begins at an event and an "up" step ends it; write "for 1h" in its place`,
    );
  const time: StepTime = isNext
    ? { kind: 'after', delay: value }
    : { kind: 'at', at: downAt! + value };
  const shown = time.kind === 'at' ? formatDuration(time.at) : `+${formatDuration(value)}`;
  return { ...step, time, text: `${shown}  ${server}  up` };
}

/** How long the downtime lasts in the case as it is written; 0 where only the run can tell. */
function lengthOf(
  play: readonly Step[],
  down: number,
  up: number | undefined,
  times: readonly (Nanos | undefined)[],
): Nanos {
  const { until } = (play[down] as DownStep).action;
  if (until.kind === 'for') return until.duration;
  if (until.kind === 'count') return 0n;
  const end = up ?? play.length - 1;
  const { time } = play[end]!;
  if (end === down + 1 && time.kind === 'after') return time.delay;
  const from = times[down];
  const to = times[end];
  return from === undefined || to === undefined ? 0n : to - from;
}

function later(step: Step, by: Nanos): Step {
  const { time } = step;
  if (time.kind === 'at') {
    const at = time.at + by;
    return { ...step, time: { kind: 'at', at }, text: `${formatDuration(at)}  end` };
  }
  return { ...step, time: { ...time, delay: time.delay + by } };
}

/** True where the step is timed from one of those, so that it moves by itself. */
function followsAnyOf(
  play: readonly Step[],
  index: number,
  moved: ReadonlyMap<number, unknown>,
): boolean {
  for (let at = index; at > 0 && play[at]!.time.kind === 'after'; at--)
    if (moved.has(at - 1) && play[at - 1]!.action.kind === 'up') return true;
  return false;
}

/** Case times of the steps; undefined where one waits for an event. */
function absoluteTimes(play: readonly Step[]): readonly (Nanos | undefined)[] {
  let now: Nanos | undefined = 0n;
  return play.map(({ time }) => {
    if (time.kind === 'at') now = time.at;
    else if (time.kind === 'on') now = undefined;
    else if (now !== undefined) now += time.delay;
    return now;
  });
}
