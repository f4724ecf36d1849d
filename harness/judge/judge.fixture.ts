// Traces for the tests of the judge, written in the notation of cases, with short words for whole exchanges.
import type { ClientPlan, EventPattern, ExpectLine, Plan, Position } from '../case/plan.ts';
import { HOUR, MILLISECOND, MINUTE, SECOND, type Nanos } from '../clock/clock.ts';
import { parseDuration, toMs } from '../clock/duration.ts';
import type { Trace, TraceEvent, TraceHeader } from '../trace/event.ts';
import { type Ledger, ledgerOf } from './ledger.ts';
import type { Rule, RuleVerdict } from './verdict.ts';
import { View } from './view/view.ts';

export const HEADER: TraceHeader = {
  meterproof: 1,
  case: 'offline/test',
  client: 'reference',
  time: 'virtual',
  seed: 1,
  epoch: '2024-02-01T00:00:00.000Z',
  observer: 'virtual',
};
const EPOCH_MS = Date.parse(HEADER.epoch);
const TIMEOUT: Nanos = 30n * SECOND;

export const OFFLINE: ClientPlan = {
  name: 'client',
  mode: 'offline',
  attempts: 3,
  retryDelayNs: 15n * MINUTE,
  pollingIntervalNs: 4n * HOUR,
  liveStatusIntervalNs: HOUR,
  connectTimeoutNs: TIMEOUT,
  answerTimeoutNs: TIMEOUT,
};
export const ONLINE: ClientPlan = { ...OFFLINE, mode: 'online' };

export function planOf(changes: Partial<Plan> = {}): Plan {
  return {
    id: 'offline/test',
    suite: 'offline',
    file: 'suites/offline/test.yaml',
    title: 'a test',
    source: ['Q235786'],
    rules: [],
    dialect: 'metering',
    servers: ['alpha', 'bravo'],
    clients: [OFFLINE],
    seats: {},
    forbidden: [],
    toleranceNs: SECOND,
    play: [],
    expect: [],
    never: [],
    catches: [],
    timedOutAfterNs: 2n * HOUR,
    ...changes,
  };
}

export function traceOf(text: string, header: Partial<TraceHeader> = {}): Trace {
  return { header: { ...HEADER, ...header }, events: eventsOf(text) };
}

export function at(text: string): Nanos {
  const time = parseDuration(text);
  if (time === undefined) throw new RangeError(`"${text}" is not a duration`);
  return time;
}

/** What a record is of: `r1` → notepad.exe, 10m..15m. */
type Records = ReadonlyMap<string, { program: string; start: Nanos; stop: Nanos }>;
type Fields = Record<string, string | number>;

/**
 * Reads lines such as `4h alpha.share refused`, with `conn=` and `from=` where wanted. Words in capitals are whole exchanges:
 * - `record r1 notepad.exe 10m 15m` (no time) describes a record;
 * - `10m client RUN notepad.exe 5m`: start and stop, both answered;
 * - on a share, each with a connection of its own: `PROBE`, `CONFIG`, `HANG`, `RESET`, `GARBAGE`, `UPLOAD r1`, `UPLOAD-LOST r1`,
 *   `UPLOAD-CUT r1`, `UPLOAD-OVERTAKEN r1`, and with a status, perhaps with seconds of `Retry-After`: `PROBE-401`,
 *   `UPLOAD-503+120 r1`, `CONFIG-503`; `UPLOAD-PART-507 r1 r2 r3` accepts the first record and refuses the others;
 * - on a pipe, `#7` naming the connection: `HELLO #7`, `REFUSED-LOGIN #7`, `GRANT #7 word.exe alpha-1`, `DENY #7 word.exe`,
 *   `BUSY #7 word.exe`, `RELEASE #7 alpha-1 word.exe`, `RENEW #7`, `LOST-GRANT #7 word.exe alpha-1`, `SILENT #7`.
 */
export function eventsOf(text: string): readonly TraceEvent[] {
  const lines = text.split('\n').map((line) => line.trim());
  const records = new Map(
    lines
      .filter((line) => line.startsWith('record '))
      .map((line) => {
        const [, id, program, start, stop] = line.split(/\s+/);
        return [id!, { program: program!, start: at(start!), stop: at(stop!) }];
      }),
  );
  let lastConn = 1000;
  return lines
    .filter((line) => line !== '' && !line.startsWith('record '))
    .flatMap((line) => expand(line, records, () => ++lastConn))
    .toSorted((a, b) => (a.at < b.at ? -1 : a.at > b.at ? 1 : 0));
}

function expand(line: string, records: Records, newConn: () => number): readonly TraceEvent[] {
  const [time, place, word, ...rest] = line.split(/\s+/);
  const start = at(time!);
  const [actor, face] = place!.split('.');
  const named = rest.find((text) => text.startsWith('from='))?.slice(5);
  const args = rest.filter((text) => !text.startsWith('from='));
  const conn = args[0]?.startsWith('#') ? Number(args.shift()!.slice(1)) : undefined;
  const from = face === undefined ? undefined : (named ?? 'client');
  const event = (later: string, name: string, fields: Fields = {}, own = conn): TraceEvent => ({
    at: start + at(later),
    actor: actor!,
    ...(face !== undefined && { face }),
    event: name,
    ...(from !== undefined && { from }),
    ...(own !== undefined && { conn: own }),
    fields,
  });
  if (word === 'RUN') {
    const [program, lasts] = args;
    const id = Number(start / MILLISECOND);
    return [
      event('0s', 'command', { id, name: 'start-program', program: program! }),
      event('0s', 'answer', { id, result: 'ok' }),
      event(lasts!, 'command', { id: id + 1, name: 'stop-program', program: program! }),
      event(lasts!, 'answer', { id: id + 1, result: 'ok' }),
    ];
  }
  if (word === word!.toLowerCase()) {
    const [known, fields] = plainFields(args);
    return [{ ...event('0s', word, fields, known.conn ?? conn), ...usageOf(known.use, records) }];
  }
  return face === 'pipe'
    ? pipeExchange(word!, args, event, actor!)
    : shareExchange(word!, args, event, records, newConn());
}

type Maker = (later: string, name: string, fields?: Fields, own?: number) => TraceEvent;

function shareExchange(
  word: string,
  args: readonly string[],
  event: Maker,
  records: Records,
  conn: number,
): readonly TraceEvent[] {
  const on = (later: string, name: string, fields: Fields = {}): TraceEvent =>
    event(later, name, fields, conn);
  const usage = usageOf(args.join(','), records);
  const content = { log: args.join('-'), records: args.length, record: args[0] ?? '' };
  const [what, ...hows] = word.split('-');
  const [status, wait] = hows.at(-1)?.split('+').map(Number) ?? [];
  const said: Fields = status ? { status, ...(wait && { 'retry-after': wait }) } : {};
  const how = status ? 'STATUS' : hows[0];
  const begin = [on('0s', 'connect'), on('2ms', 'received', { length: 100 })];
  const sent = [on('2ms', 'sent', { length: 50 }), on('2ms', 'close', { by: 'server' })];
  if (what === 'HANG')
    return [
      begin[0]!,
      on('2ms', 'swallowed', { length: 100 }),
      on('30s', 'reset', { by: 'client' }),
    ];
  if (what === 'RESET') return [...begin, on('2ms', 'reset', { by: 'server' })];
  if (what === 'GARBAGE')
    return [
      ...begin,
      on('2ms', 'malformed', { why: 'wrong-version' }),
      ...sent.slice(0, 1),
      on('4ms', 'close', { by: 'client' }),
    ];
  const login = status === 401 ? [on('2ms', 'login-refused')] : [];
  if (what === 'PROBE')
    return [...begin, on('2ms', 'probe', { status: 200, ...said }), ...login, ...sent];
  if (what === 'CONFIG')
    return [...begin, on('2ms', 'configuration', { version: 1, ...said }), ...login, ...sent];
  if (what !== 'UPLOAD') throw new RangeError(`no exchange ${word}`);
  const offer = { ...on('2ms', 'upload-offer', content), ...usage };
  const refuse = on('2ms', 'upload-refuse', { log: content.log, ...said });
  if (hows[0] === 'PART') {
    const [first, others] = [usageOf(args[0], records), usageOf(args.slice(1).join(','), records)];
    const part = {
      ...on('2ms', 'upload-accept', { ...content, records: 1, status: 200 }),
      ...first,
    };
    return [...begin, offer, part, { ...refuse, ...others }, ...sent];
  }
  if (how === 'STATUS') return [...begin, offer, { ...refuse, ...usage }, ...login, ...sent];
  const accept = { ...on('2ms', 'upload-accept', { ...content, status: 201 }), ...usage };
  const ends: Readonly<Record<string, readonly TraceEvent[]>> = {
    LOST: [on('2ms', 'answer-lost', { sent: 0 }), on('30s', 'reset', { by: 'client' })],
    CUT: [
      on('2ms', 'sent', { length: 20 }),
      on('2ms', 'answer-lost', { sent: 20 }),
      on('2ms', 'reset', { by: 'server' }),
    ],
    OVERTAKEN: [on('2ms', 'sent', { length: 50 }), on('2ms', 'reset', { by: 'server' })],
  };
  return [...begin, offer, accept, ...(ends[how ?? ''] ?? sent)];
}

function pipeExchange(
  word: string,
  [first = '', second = '']: readonly string[],
  event: Maker,
  server: string,
): readonly TraceEvent[] {
  const received = event('0s', 'received', { length: 40 });
  const sent = event('0s', 'sent', { length: 40 });
  switch (word) {
    case 'HELLO':
      return [event('0s', 'connect'), received, event('0s', 'hello', { mode: 'online' }), sent];
    case 'REFUSED-LOGIN':
      return [
        event('0s', 'connect'),
        received,
        event('0s', 'hello', { mode: 'online' }),
        event('0s', 'login-refused'),
        sent,
        event('0s', 'close', { by: 'server' }),
      ];
    case 'BUSY':
      return [
        received,
        event('0s', 'lease-request', { program: first }),
        event('0s', 'busy'),
        sent,
      ];
    case 'GRANT':
      return [received, ...granted(first, second, event), sent];
    case 'LOST-GRANT':
      return [
        received,
        ...granted(first, second, event),
        event('0s', 'answer-lost', { sent: 0 }),
        event('30s', 'reset', { by: 'client' }),
      ];
    case 'DENY':
      return [
        received,
        event('0s', 'lease-request', { program: first }),
        event('0s', 'lease-deny', { program: first, why: 'no-seat' }),
        sent,
      ];
    case 'RELEASE':
      return [received, event('0s', 'lease-release', { lease: first, program: second }), sent];
    case 'RENEW':
      return [received, event('0s', 'lease-renew', { leases: 1 }), sent];
    case 'SILENT':
      return [event('0s', 'swallowed', { length: 40 }), event('30s', 'reset', { by: 'client' })];
    default:
      throw new RangeError(`no exchange ${word} on the pipe of ${server}`);
  }
}

function granted(program: string, lease: string, event: Maker): readonly TraceEvent[] {
  return [
    event('0s', 'lease-request', { program }),
    event('0s', 'lease-grant', { program, lease }),
  ];
}

function usageOf(ids: string | undefined, records: Records): Pick<TraceEvent, 'usage'> {
  if (ids === undefined || ids === '') return {};
  return {
    usage: ids.split(',').map((record) => {
      const { program, start, stop } = records.get(record)!;
      return { record, program, startMs: EPOCH_MS + toMs(start), stopMs: EPOCH_MS + toMs(stop) };
    }),
  };
}

function plainFields(args: readonly string[]): [{ conn?: number; use?: string }, Fields] {
  const known: { conn?: number; use?: string } = {};
  const fields: Fields = {};
  for (const arg of args) {
    const [name, value = ''] = arg.split('=');
    if (name === 'conn') known.conn = Number(value);
    else if (name === 'use') known.use = value;
    else fields[name!] = /^\d+$/.test(value) ? Number(value) : value;
  }
  return [known, fields];
}

export function ledgerIn(plan: Plan, trace: Trace): Ledger {
  return ledgerOf(new View(plan, trace.events), trace.header);
}

/** What a rule says of a trace. */
export function check(
  rule: Rule,
  plan: Plan,
  text: string,
  seesAttempts = true,
): Omit<RuleVerdict, 'id' | 'version' | 'source'> {
  const trace = traceOf(text);
  return rule.check({ plan, ...trace, ledger: ledgerIn(plan, trace), seesAttempts });
}

export const POSITION: Position = { file: 'suites/offline/test.yaml', line: 12, column: 3 };

/** An expected line: its window as `4h..4h1m`, its pattern and its count `{1..2}` as text. */
export function line(
  window: string,
  pattern: string,
  count = '{1}',
  changes: Partial<ExpectLine> = {},
): ExpectLine {
  const [from, to] = window.split('..');
  const { min, dots, max } = /^\{(?<min>\d+)(?<dots>\.\.)?(?<max>\d+)?\}$/.exec(count)!.groups!;
  const most = dots === undefined ? min : max;
  return {
    kind: 'line',
    window: {
      ...(from && { from: boundOf(from) }),
      ...(to && { to: boundOf(to) }),
    },
    pattern: patternOf(pattern),
    min: Number(min),
    ...(most !== undefined && { max: Number(most) }),
    position: POSITION,
    text: `${window}  ${pattern}  ${count}`,
    ...changes,
  };
}

function boundOf(text: string): NonNullable<ExpectLine['window']['from']> {
  if (text.startsWith('+')) return { kind: 'after-previous', delay: at(text.slice(1)) };
  const anchor = /^@(?<name>\w+)(?<first>\.first)?(?:\+(?<delay>.+))?$/.exec(text)?.groups;
  if (!anchor) return { kind: 'time', at: at(text) };
  return {
    kind: 'anchor',
    name: anchor['name']!,
    which: anchor['first'] === undefined ? 'last' : 'first',
    delay: at(anchor['delay'] ?? '0s'),
  };
}

export function patternOf(text: string): EventPattern {
  const [place, event, ...rest] = text.split(' ');
  const [actor, face] = place!.split('.');
  const from = rest.find((field) => field.startsWith('from='))?.slice(5);
  return {
    actor: actor!,
    ...(face !== undefined && { face }),
    event: event!,
    fields: Object.fromEntries(
      rest
        .filter((field) => !field.startsWith('from='))
        .map((field) => {
          const [name, value] = field.split('=');
          if (value === '*') return [name!, { kind: 'any' }];
          if (value!.startsWith('$')) return [name!, { kind: 'variable', name: value!.slice(1) }];
          return [name!, { kind: 'is', value: value! }];
        }),
    ),
    ...(from !== undefined && { from }),
  };
}
