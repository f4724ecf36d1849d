// A captured session as a case: what was done to it as the play, what the client then did as the expected lines.
import type { ClientPlan, Plan } from '../../case/plan.ts';
import { CLIENT_FIELDS } from '../../case/schema.ts';
import type { Nanos } from '../../clock/clock.ts';
import { formatDuration, parseDuration, toMs } from '../../clock/duration.ts';
import { RULES } from '../../judge/rules/index.ts';
import type { Judgement, Rule } from '../../judge/verdict.ts';
import type { Trace, TraceEvent } from '../../trace/event.ts';
import type { Settings } from '../infer-plan.ts';
import { replayAsJudge } from '../judge-capture.ts';
import { castOf } from './cast.ts';
import { expectedLines } from './expect.ts';
import { enacted } from './enact.ts';
import { inferredSteps } from './inferred-play.ts';
import { linesText, oneLine } from './line.ts';
import { outcomesIn } from './outcomes.ts';
import { recordedSteps } from './recorded-play.ts';
import { grainFor } from './rounding.ts';
import { guessSettings, lateStart } from './settings.ts';
import { stepLines } from './step.ts';

export interface DraftOptions {
  /** As the case calls the capture: its name, without folders. */
  readonly name: string;
  /** By which it is judged, for a comment; default: the built-in ones. */
  readonly rules?: readonly Rule[];
  readonly dialect: string;
  /** `false` where no usage records travel in that dialect: a ledger would be none. */
  readonly records?: boolean;
  /** The case that was played, where it is known: settings and sources are its own. */
  readonly plan?: Plan;
  /** What the user knows of the clients, in place of guesses. */
  readonly settings?: Settings;
}

/** Who is there, under which settings. */
interface Client {
  readonly name: string;
  readonly settings: Settings;
  readonly why: readonly string[];
}

/** The text of a case. Throws an Error for a session that cannot be one. */
export function draftCase(trace: Trace, options: DraftOptions): string {
  const { plan, name } = options;
  const isPlayed = trace.events.some(({ event }) => event === 'end');
  const cast = castOf(trace, plan?.servers);
  const clients = cast.clients.map((client, index) =>
    settingsOf(
      client,
      cast.events,
      options,
      plan?.clients.find((planned) => planned.name === client) ?? plan?.clients[index],
    ),
  );
  const shift = isPlayed ? 0n : lateStart(clients[0]?.settings ?? {}, cast.events);
  const events = cast.events.map((event) => ({ ...event, at: event.at + shift }));
  const epochMs = Date.parse(trace.header.epoch) - toMs(shift);
  const steps = isPlayed
    ? recordedSteps(events)
    : inferredSteps({ events, clients: cast.clients, epochMs });
  const shown = isPlayed ? trace : { ...trace, events: enacted(events, steps) };
  const judgement = judgementOf(shown, options, clients);
  const broken = judgement.rules.flatMap(({ id, state }) => (state === 'broken' ? id : []));
  const polls = clients.map(({ settings }) => parseDuration(settings.pollingInterval ?? '4h')!);
  const grain = grainFor(polls.reduce((a, b) => (a < b ? a : b)));
  const end = steps.at(-1)!;
  const { lines, leftOut } = expectedLines(events.slice(0, end.place), clients.length === 1, grain);
  const { origin } = trace.header.capture ?? {};
  // A case has to check something.
  const rules = plan?.rules ?? (broken.length + lines.length === 0 ? ['SF-1'] : broken);
  const text = [
    comment(`Made from ${name}${origin === undefined ? '' : `: ${origin}`}.`),
    comment(
      isPlayed
        ? 'The play is that of the run. The expected lines say what the recorded client did, not what a client owes.'
        : 'The play is concluded from what was seen on the wire. The expected lines say what the client did, not what a client owes.',
    ),
    comment(
      broken.length === 0
        ? 'No rule is seen to be broken.'
        : `It breaks ${broken.join(', ')}: docs/rules.md says what is owed.`,
    ),
    ...(shift > 0n
      ? [
          comment(
            `Times are ${formatDuration(shift)} later than in the capture, which began behind the start of the client.`,
          ),
        ]
      : []),
    `title: ${yamlText(plan ? `as recorded: ${plan.title}` : `what ${name.replace(/\.[^.]*$/, '')} shows`)}`,
    `source: ${plan ? `[${plan.source.map(yamlText).join(', ')}]` : yamlText(origin ?? name)}`,
    ...(rules.length > 0 ? [`rules: [${rules.join(', ')}]`] : []),
    ...(options.dialect === 'metering' ? [] : [`dialect: ${options.dialect}`]),
    `servers: [${cast.servers.join(', ')}]`,
    ...clientText(clients),
    ...surroundings(plan, events),
    'play: |',
    linesText(stepLines(steps, events)).trimEnd(),
    ...(leftOut === '' ? [] : [comment(`Left out: ${leftOut}`)]),
    ...(lines.length > 0 ? ['expect: |', linesText(lines).trimEnd()] : []),
    ...ledgerText(judgement, isPlayed && options.records !== false),
  ];
  return `${text.join('\n')}\n`;
}

function settingsOf(
  name: string,
  events: readonly TraceEvent[],
  { settings = {} }: DraftOptions,
  planned: ClientPlan | undefined,
): Client {
  if (planned) return { name, settings: { ...plannedSettings(planned), ...settings }, why: [] };
  const guessed = guessSettings(name, events, outcomesIn(events));
  const why = guessed.why.filter((text) => !Object.hasOwn(settings, text.split(':')[0]!));
  return { name, settings: { ...guessed.settings, ...settings }, why };
}

/** Those that differ from a case which says nothing. */
function plannedSettings(plan: ClientPlan): Settings {
  const all: Settings = {
    mode: plan.mode,
    attempts: String(plan.attempts),
    retryDelay: formatDuration(plan.retryDelayNs),
    pollingInterval: formatDuration(plan.pollingIntervalNs),
    liveStatusInterval: formatDuration(plan.liveStatusIntervalNs),
    connectTimeout: formatDuration(plan.connectTimeoutNs),
    answerTimeout: formatDuration(plan.answerTimeoutNs),
  };
  const usual = (key: string): string => {
    const text = String(CLIENT_FIELDS[key as keyof typeof CLIENT_FIELDS].parse(undefined));
    return formatDuration(parseDuration(text) ?? 0n) === '0s'
      ? text
      : formatDuration(parseDuration(text)!);
  };
  return Object.fromEntries(
    Object.entries(all).filter(([key, value]) => key === 'mode' || value !== usual(key)),
  );
}

function clientText(clients: readonly Client[]): readonly string[] {
  const inline = ({ settings }: Client): string =>
    `{ ${Object.entries(settings)
      .map(([key, value]) => `${key}: ${value}`)
      .join(', ')} }`;
  const [only, second] = clients;
  const why = clients.flatMap((client) =>
    client.why.map((text) => comment(`A guess: ${second ? `${client.name}: ` : ''}${text}`)),
  );
  if (only && !second) return [...why, `client: ${inline(only)}`];
  return [...why, 'clients:', ...clients.map((client) => `  ${client.name}: ${inline(client)}`)];
}

/** What servers have to give. */
function surroundings(plan: Plan | undefined, events: readonly TraceEvent[]): readonly string[] {
  if (plan) return plannedSurroundings(plan);
  const denied = events.filter(({ event }) => event === 'lease-deny');
  const forbidden = new Set(
    denied.flatMap(({ fields }) =>
      fields['why'] === 'forbidden' ? String(fields['program']) : [],
    ),
  );
  const scarce = new Map<string, number>();
  for (const { fields } of denied)
    if (fields['why'] === 'no-seat') {
      const program = String(fields['program']);
      const granted = new Set(
        events.flatMap((event) =>
          event.event === 'lease-grant' && event.fields['program'] === program
            ? (event.from ?? '')
            : [],
        ),
      );
      scarce.set(program, granted.size);
    }
  return [
    ...(scarce.size > 0
      ? [
          comment('A guess: as many seats as clients were granted one'),
          `seats: { ${[...scarce].map(([program, seats]) => `${yamlText(program)}: ${seats}`).join(', ')} }`,
        ]
      : []),
    ...(forbidden.size > 0 ? [`forbidden: [${[...forbidden].map(yamlText).join(', ')}]`] : []),
  ];
}

function plannedSurroundings(plan: Plan): readonly string[] {
  const seats = Object.entries(plan.seats);
  const { forbidden, timedOutAfterNs, callbackGraceNs, excludedPrograms, toleranceNs } = plan;
  const duration = (key: string, value: Nanos | undefined, usual: string): readonly string[] =>
    value === undefined || value === parseDuration(usual)
      ? []
      : [`${key}: ${formatDuration(value)}`];
  return [
    ...(seats.length > 0
      ? [
          `seats: { ${seats.map(([program, count]) => `${yamlText(program)}: ${count}`).join(', ')} }`,
        ]
      : []),
    ...(forbidden.length > 0 ? [`forbidden: [${forbidden.map(yamlText).join(', ')}]`] : []),
    ...duration('timedOutAfter', timedOutAfterNs, '2h'),
    ...duration('callbackGrace', callbackGraceNs, '5m'),
    ...duration('tolerance', toleranceNs, '1s'),
    ...(excludedPrograms ? [`excludedPrograms: ${excludedPrograms}`] : []),
  ];
}

/** By its case; without one by every rule there is, for none is known to be meant. */
function judgementOf(
  trace: Trace,
  { plan, rules = RULES, name }: DraftOptions,
  [client]: readonly Client[],
): Judgement {
  const only = plan ? [] : rules.map(({ id }) => id);
  const settings = client?.settings ?? {};
  return replayAsJudge(trace, { file: name, rules, only, settings, ...(plan && { plan }) })
    .judgement;
}

function ledgerText({ ledger }: Judgement, isWhole: boolean): readonly string[] {
  if (!isWhole) return [];
  const { delivered, redelivered, acknowledgedTwice, lost } = ledger;
  return [
    `ledger: delivered=${delivered} redelivered=${redelivered} acknowledged-twice=${acknowledgedTwice} lost=${lost}`,
  ];
}

function comment(text: string): string {
  return `# ${oneLine(text)}`;
}

/** Bare where YAML reads that as the same text. */
function yamlText(text: string): string {
  const plain = oneLine(text);
  const isBare =
    /^[A-Za-z][\w .§/-]*$/.test(plain) && !/^(?:true|false|null|yes|no|on|off)$/i.test(plain);
  return isBare ? plain.trim() : JSON.stringify(plain);
}
