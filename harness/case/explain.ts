// A case as prose, for people who do not read the notation. A pure function of the plan.
import type { Nanos } from '../clock/clock.ts';
import { formatDuration } from '../clock/duration.ts';
import { formatActor, formatValue } from '../trace/format.ts';
import {
  CLIENT_EVENTS,
  HARNESS_EVENTS,
  SEMANTIC_EVENTS,
  SERVER_EVENTS,
  TRANSPORT_EVENTS,
} from '../trace/vocabulary.ts';
import { WIRE_FAULTS } from './faults.ts';
import { LEDGER_COLUMNS } from './notation/ledger.ts';
import type {
  Action,
  Bound,
  ClientPlan,
  EventPattern,
  ExpectLine,
  FaultEnd,
  Plan,
  StepTime,
  Window,
} from './plan.ts';

/** What is printed of a rule. */
export interface RuleText {
  /** One sentence that starts with "the client". */
  readonly obligation: string;
  readonly source: string;
}

const EVENTS: Readonly<Record<string, string>> = {
  ...TRANSPORT_EVENTS,
  ...SEMANTIC_EVENTS,
  ...SERVER_EVENTS,
  ...CLIENT_EVENTS,
  ...HARNESS_EVENTS,
};

/** Who is there, what goes wrong when, what the client must do, what it must never do. Without colour; ends with a newline. */
export function explain(plan: Plan, rules: ReadonlyMap<string, RuleText> = new Map()): string {
  const parts: (readonly [heading: string, lines: readonly string[]])[] = [
    ['Who', who(plan)],
    ['What happens', plan.play.map(({ time, action }) => `${when(time)}: ${deed(action)}`)],
    ['What must be seen, in this order', expected(plan)],
    [
      'What must never be seen',
      plan.never.map(
        ({ window, pattern, min }) =>
          `${span(window, 'never')}: ${sight(pattern)}${min > 1 ? `, ${min} times or more` : ''}`,
      ),
    ],
    ['What must have become of the usage records', ledger(plan)],
    [
      'Rules that it exercises, besides those that every case checks',
      plan.rules.map((id) => rule(id, rules.get(id))),
    ],
    ['Bugs of the reference client that it must catch', plan.catches],
  ];
  const body = parts
    .filter(([, lines]) => lines.length > 0)
    .map(([heading, lines]) => `${heading}\n${lines.map((line) => `  ${line}\n`).join('')}`);
  return [`${plan.id}\n${sentence(plan.title)}\n${origin(plan)}\n`, ...body].join('\n');
}

function sentence(text: string): string {
  const capital = text[0]!.toUpperCase() + text.slice(1);
  return /[.!?]$/.test(capital) ? capital : `${capital}.`;
}

function origin({ source, pattern, file }: Plan): string {
  const failure = pattern === undefined ? '' : ` Failure pattern: ${pattern}.`;
  return `Source: ${source.join(', ')}.${failure} File: ${file}`;
}

function who({
  servers,
  clients,
  dialect,
  seats,
  forbidden,
  timedOutAfterNs,
}: Plan): readonly string[] {
  const [assigned] = servers;
  const list =
    servers.length === 1
      ? `The server ${assigned}`
      : `The servers ${servers.join(', ')}, in this order; ${assigned} is the assigned one`;
  const limits = Object.entries(seats).map(([program, count]) => `${count} of ${program}`);
  return [
    `${list}. Dialect: ${dialect}.`,
    ...(limits.length > 0 ? [`Seats on each server: ${limits.join(', ')}.`] : []),
    ...(forbidden.length > 0 ? [`Forbidden: ${forbidden.join(', ')}.`] : []),
    ...clients.map(settings),
    ...(clients.some(({ mode }) => mode === 'online')
      ? [
          `A server takes the licences of a client back after ${formatDuration(timedOutAfterNs)} of silence.`,
        ]
      : []),
  ];
}

function settings(client: ClientPlan): string {
  const { name, mode, attempts } = client;
  const tries =
    attempts === 1
      ? '1 attempt'
      : `${attempts} attempts, ${formatDuration(client.retryDelayNs)} apart,`;
  const status =
    mode === 'online'
      ? `; says every ${formatDuration(client.liveStatusIntervalNs)} that it runs`
      : '';
  return (
    `${name} is ${mode}: ${tries} on a server; polls and uploads every ${formatDuration(client.pollingIntervalNs)}${status}; ` +
    `waits ${formatDuration(client.connectTimeoutNs)} for a connection and ${formatDuration(client.answerTimeoutNs)} for an answer` +
    (client.retryJitter === undefined
      ? ''
      : `; makes the delay up to ${client.retryJitter * 100} % longer by chance`) +
    (client.spoolRecords === undefined ? '.' : `; keeps at most ${client.spoolRecords} records.`)
  );
}

function when(step: StepTime): string {
  if (step.kind === 'at') return `At ${formatDuration(step.at)}`;
  if (step.kind === 'after')
    return step.delay === 0n ? 'At the same time' : `${formatDuration(step.delay)} later`;
  const delay = step.delay === 0n ? 'When' : `${formatDuration(step.delay)} after`;
  const nth = step.nth === 1 ? '' : `, number ${step.nth} since the step before`;
  return `${delay} this is seen (${sight(step.event)}${nth})`;
}

const DISK = {
  full: 'cannot be written any more',
  free: 'can be written again',
  torn: 'ends in half a record, as a write that was broken off leaves it',
} as const;

function deed(action: Action): string {
  switch (action.kind) {
    case 'start':
      return `${action.client} is started.`;
    case 'kill':
      return `${action.client} is killed (SIGKILL); its data folder stays.`;
    case 'run':
      return `a user of ${action.client} runs ${action.program}${about(action)} for ${formatDuration(action.duration)}.`;
    case 'check-out':
      return `a user of ${action.client} checks a licence of ${action.program} out for ${formatDuration(action.duration)}.`;
    case 'check-in':
      return `a user of ${action.client} checks the licence of ${action.program} in again.`;
    case 'disk':
      return `the log of ${action.client} ${DISK[action.state]}.`;
    case 'command':
      return `${action.client} is told to ${action.name}${action.argument === undefined ? '' : ` ${action.argument}`}.`;
    case 'clock':
      return `the clock of ${action.client} is set ${shift(action.by)}.`;
    case 'restart':
      return `${action.server} is started anew; ${action.state === 'kept' ? 'it keeps its state' : 'it knows nothing any more of leases and logs'}.`;
    case 'clock-skew':
      return `the clock of ${action.server} is set ${shift(action.by)}.`;
    case 'seats':
      return `${action.server} has ${action.seats} seats of ${action.program} from now on.`;
    case 'up':
      return `${formatActor(target(action))} works again.`;
    case 'end':
      return 'the play is over. All faults are lifted, and the client gets the time to deliver what it holds.';
    default:
      return `${formatActor(target(action))} ${fault(action)}${action.newOnly ? ', on new connections only' : ''}${until(action.until)}.`;
  }
}

function shift(by: Nanos): string {
  return by < 0n ? `back by ${formatDuration(-by)}` : `forward by ${formatDuration(by)}`;
}

function about({ originalName, version }: Extract<Action, { kind: 'run' }>): string {
  const isLong = version !== undefined && version.length > 40;
  const said = isLong ? `of ${version.length} characters` : version;
  return (
    (originalName === undefined ? '' : ` (renamed, its original name is ${originalName})`) +
    (said === undefined ? '' : ` (version ${said})`)
  );
}

function target({ server, face }: { server: string; face?: string }): {
  actor: string;
  face?: string;
} {
  return { actor: server, ...(face !== undefined && { face }) };
}

function fault({ fault: { name, args } }: Extract<Action, { kind: 'down' }>): string {
  const wire = WIRE_FAULTS.find((known) => known.name === name);
  const said = Object.entries(args).map(([key, value]) => `${key}=${value}`);
  const given = said.length > 0 ? ` (${said.join(' ')})` : '';
  return wire ? `${wire.does}${given}` : `answers with the fault ${name}${given}`;
}

function until(end: FaultEnd): string {
  if (end.kind === 'up') return '';
  if (end.kind === 'for')
    return end.every === undefined
      ? `, for ${formatDuration(end.duration)}`
      : `, every ${formatDuration(end.every)} for ${formatDuration(end.duration)}`;
  return `, until it has seen ${end.count} × ${end.event}`;
}

function expected({ expect }: Plan): readonly string[] {
  return expect.flatMap((item) =>
    item.kind === 'line'
      ? expectation(item)
      : ['In any order:', ...item.lines.map((line) => `  ${expectation(line)}`)],
  );
}

function expectation({ name, window, pattern, min, max, every }: ExpectLine): string {
  const label = name === undefined ? '' : ` [${name}]`;
  const pace = every
    ? `, every ${formatDuration(every.gap)} ±${formatDuration(every.tolerance)}`
    : '';
  return `${span(window, 'expect')}${every ? ' for the first' : ''}: ${sight(pattern)}${times(min, max)}${pace}${label}`;
}

function times(min: number, max: number | undefined): string {
  if (min === 1 && max === 1) return '';
  if (max === undefined)
    return min === 0 ? ', any number of times' : `, ${min === 1 ? 'once' : `${min} times`} or more`;
  if (min === max) return `, ${min} times`;
  return `, ${min} to ${max} times`;
}

/** `at alpha.share: the client offers usage records (upload-offer records=1)` */
function sight(pattern: EventPattern): string {
  const { actor, face, event, fields, from } = pattern;
  const where =
    actor === '*' ? `any server${face === undefined ? '' : `'s ${face}`}` : formatActor(pattern);
  const meaning = EVENTS[event]!.split(';')[0];
  const said = Object.entries(fields).map(([name, match]) => {
    const value =
      match.kind === 'is'
        ? formatValue(match.value)
        : match.kind === 'any'
          ? '*'
          : `$${match.name}`;
    return `${name}=${value}`;
  });
  if (from !== undefined) said.push(`from=${from}`);
  return `${where}: ${meaning} (${[event, ...said].join(' ')})`;
}

function span({ from, to }: Window, kind: 'expect' | 'never'): string {
  const isWhole = kind === 'never' && (!from || (from.kind === 'time' && from.at === 0n));
  if (isWhole) return to ? `Until ${bound(to)}` : 'At any time';
  if (!from)
    return to
      ? to.kind === 'after-previous'
        ? `Within ${formatDuration(to.delay)} of that`
        : `After that, until ${bound(to)}`
      : 'After that';
  return to ? `Between ${bound(from)} and ${bound(to)}` : `From ${bound(from)} on`;
}

function bound(value: Bound): string {
  if (value.kind === 'time') return formatDuration(value.at);
  if (value.kind === 'after-previous') return `${formatDuration(value.delay)} after that`;
  const match = `the ${value.which} match of ${value.name}`;
  if (value.delay === 0n) return match;
  return value.delay < 0n
    ? `${formatDuration(-value.delay)} before ${match}`
    : `${formatDuration(value.delay)} after ${match}`;
}

function ledger(plan: Plan): readonly string[] {
  const counts = Object.entries(plan.ledger?.counts ?? {});
  return counts.map(([column, count]) => `${column}=${count}: ${meaningOf(column)}`);
}

function meaningOf(column: string): string {
  return Object.entries(LEDGER_COLUMNS).find(([name]) => name === column)![1];
}

function rule(id: string, text: RuleText | undefined): string {
  return text ? `${id}: ${text.obligation} (${text.source})` : id;
}
