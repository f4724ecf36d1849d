import type { Nanos } from '../../clock/clock.ts';
import { collect, type Problem, quote } from '../errors.ts';
import type { Step, StepTime } from '../plan.ts';
import { readAction } from './action.ts';
import { checkContradictions } from './contradictions.ts';
import { readCount, readDuration } from './duration.ts';
import { checkFlaps } from './flaps.ts';
import { type Line, LineReader, partOf } from './line.ts';
import { readPattern } from './pattern.ts';
import type { Scope } from './scope.ts';

const A_TIME = 'a step begins with a time such as 10m, with +5m, or with on EVENT';

/** Reads the steps of `play`, in the order of the file; what is wrong is added to `problems`. */
export function readPlay(
  lines: readonly Line[],
  scope: Scope,
  problems: Problem[],
): readonly Step[] {
  const steps = lines
    .map((line) => collect(problems, () => readStep(line, scope)))
    .filter((step) => step !== undefined);
  checkOrder(steps, problems);
  checkContradictions(steps, scope, problems);
  checkFlaps(steps, problems);
  // A line that could not be read may have been the start of a client or the end of the play.
  if (steps.length === lines.length) checkStory(steps, scope, problems);
  return steps;
}

function readStep(line: Line, scope: Scope): Step {
  const reader = new LineReader(line);
  const time = readStepTime(reader, scope);
  const action = readAction(reader, scope);
  return { time, action, position: line.position, text: line.text };
}

/** `TIME`, `+DUR`, or `on EVENT [#n] [+DUR]`. */
function readStepTime(reader: LineReader, scope: Scope): StepTime {
  const token = reader.next(A_TIME);
  if (token.text.startsWith('+')) return { kind: 'after', delay: readDuration(partOf(token, 1)) };
  if (token.text !== 'on') return { kind: 'at', at: readDuration(token, A_TIME) };
  const event = readPattern(reader, scope, { actorMayBeAbsent: true, variablesAllowed: false });
  let nth = 1;
  const number = reader.peek();
  if (number?.text.startsWith('#')) {
    reader.next('#n');
    nth = readCount(partOf(number, 1), 1, 'the nth such event is written #n');
  }
  let delay: Nanos = 0n;
  const plus = reader.peek();
  if (plus?.text.startsWith('+')) {
    reader.next('+DUR');
    delay = readDuration(partOf(plus, 1));
  }
  return { kind: 'on', event, nth, delay };
}

/** Refuses a time before the earliest moment at which the step before it can have been taken. */
function checkOrder(steps: readonly Step[], problems: Problem[]): void {
  let earliest: Nanos = 0n;
  let before: Step | undefined;
  for (const step of steps) {
    const { time } = step;
    if (time.kind !== 'at') earliest += time.delay;
    else if (time.at >= earliest) earliest = time.at;
    else
      problems.push({
        position: step.position,
        what: 'the time runs backward',
        right: `the step before it is ${quote(before!.text)}; put the steps in order of time`,
      });
    before = step;
  }
}

/** What no single line shows: a client that is killed before it runs, a server up that was never down, no end. */
function checkStory(steps: readonly Step[], scope: Scope, problems: Problem[]): void {
  const running = new Set<string>();
  const started = new Set<string>();
  const downs = new Set<string>();
  const refuse = ({ position }: Step, what: string, right: string): unknown =>
    problems.push({ position, what, right });
  for (const [index, step] of steps.entries()) {
    const { action } = step;
    const isLast = index === steps.length - 1;
    if (isLast && action.kind !== 'end')
      refuse(step, 'the play has no end', 'add a last step such as 7h end');
    if (!isLast && action.kind === 'end')
      refuse(step, 'steps follow the end', 'end is the last step');
    if (action.kind === 'down') downs.add(action.server);
    if (action.kind === 'up' && !downs.has(action.server))
      refuse(step, `${action.server} is not down`, 'a step before it takes it down');
    if (!('client' in action)) continue;
    const { kind, client } = action;
    if (kind === 'start' && running.has(client))
      refuse(step, `${client} runs already`, 'kill it first, or leave this step out');
    // Half a record is what a crash leaves: a client that lives would have written the whole.
    if (kind === 'disk' && action.state === 'torn') {
      if (running.has(client))
        refuse(step, `${client} still runs`, `a step before it is ${client} kill`);
      continue;
    }
    if (kind !== 'start' && !running.has(client))
      refuse(step, `${client} does not run yet`, `a step before it is ${client} start`);
    if (kind === 'start') started.add(client);
    if (kind === 'kill') running.delete(client);
    else running.add(client);
  }
  const idle = scope.clients.filter((client) => !started.has(client));
  if (steps[0] && idle.length > 0)
    refuse(steps[0], `${idle.join(', ')} never starts`, `add a step such as 0s ${idle[0]} start`);
}
