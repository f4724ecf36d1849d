import { isLibraryCommand, LIBRARY_COMMANDS } from '../commands.ts';
import { quote, Refusal } from '../errors.ts';
import {
  type ArgumentKind,
  argumentUsage,
  faultUsage,
  WIRE_FAULTS,
  type WireFaultDescription,
} from '../faults.ts';
import { suggest } from '../nearest.ts';
import type { Action, FaultEnd, FaultSpec } from '../plan.ts';
import { readCount, readDuration } from './duration.ts';
import { type LineReader, partOf, type Token } from './line.ts';
import { type Actor, readActor } from './pattern.ts';
import { readCheckOut, readProgram, readRun, readShift, readWord } from './program.ts';
import { EVENTS_OF, isEventOf, type Scope } from './scope.ts';
import { isStateAction, readStateAction, STATE_ACTIONS } from './state-action.ts';

const CLIENT_ACTIONS: readonly string[] = [
  'start',
  'kill',
  'run',
  'check-out',
  'check-in',
  'clock',
  'disk',
  ...LIBRARY_COMMANDS,
];
const SERVER_ACTIONS: readonly string[] = ['down', 'up', ...STATE_ACTIONS];
const CHECK_IN = 'write check-in PROGRAM, such as check-in word.exe';
const DOWN_END = 'after the fault come only new-only, for D, for D every D and for n EVENTs';

/** `ACTOR[.face] ACTION`, or `end`. */
export function readAction(reader: LineReader, scope: Scope): Action {
  const token = reader.next('after its time a step names a client, a server, or end');
  if (token.text === 'end') {
    reader.done('end stands alone');
    return { kind: 'end' };
  }
  const actor = readActor(token, scope);
  if (actor.name === '*' || actor.kind === 'harness')
    throw new Refusal(
      token.position,
      `a step cannot act on ${quote(token.text)}`,
      `name one of ${[...scope.servers, ...scope.clients].join(', ')}`,
    );
  const action =
    actor.kind === 'client'
      ? readClientAction(reader, actor.name)
      : readServerAction(reader, actor, scope);
  reader.done(action.kind === 'down' ? DOWN_END : 'the step is complete before it');
  return action;
}

function readClientAction(reader: LineReader, client: string): Action {
  const verb = reader.next(`${client} start, kill, run PROGRAM for D, or another action`);
  switch (verb.text) {
    case 'start':
    case 'kill':
      return { kind: verb.text, client };
    case 'run':
      return { kind: 'run', client, ...readRun(reader) };
    case 'check-out':
      return { kind: 'check-out', client, ...readCheckOut(reader) };
    case 'check-in':
      return { kind: 'check-in', client, program: readProgram(reader, CHECK_IN) };
    case 'disk':
      return { kind: 'disk', client, state: readWord(reader, ['full', 'free', 'torn'] as const) };
    case 'clock':
      return { kind: 'clock', client, by: readShift(reader.next('clock +1d or clock -1d')) };
    default:
      if (isLibraryCommand(verb.text))
        return { kind: 'command', client, name: verb.text, ...readArgument(reader) };
      throw unknownAction(verb, client, CLIENT_ACTIONS, SERVER_ACTIONS, 'server');
  }
}

function readArgument(reader: LineReader): { argument?: string } {
  const token = reader.peek();
  if (!token) return {};
  reader.next('an argument');
  if (/^[^\s"=]{1,255}$/.test(token.text)) return { argument: token.text };
  throw new Refusal(
    token.position,
    `${quote(token.text)} is not an argument`,
    'an argument is one word without quotes, such as the name of a feature',
  );
}

function readServerAction(reader: LineReader, { name, face }: Actor, scope: Scope): Action {
  const verb = reader.next(`${name} down FAULT, ${name} up, or another action`);
  const target = { server: name, ...(face !== undefined && { face }) };
  if (verb.text === 'up') return { kind: 'up', ...target };
  if (isStateAction(verb.text)) {
    if (face === undefined) return readStateAction(reader, verb, name, scope);
    const right = `write ${name} ${verb.text}`;
    throw new Refusal(verb.position, `${quote(verb.text)} is of a whole server`, right);
  }
  if (verb.text !== 'down')
    throw unknownAction(verb, name, SERVER_ACTIONS, CLIENT_ACTIONS, 'client');
  const fault = readFault(reader, face, scope);
  const newOnly = reader.take('new-only') !== undefined;
  return { kind: 'down', ...target, fault, newOnly, until: readEnd(reader, scope) };
}

function unknownAction(
  verb: Token,
  actor: string,
  own: readonly string[],
  others: readonly string[],
  other: string,
): Refusal {
  return new Refusal(
    verb.position,
    others.includes(verb.text)
      ? `${quote(verb.text)} is said of a ${other}, and ${actor} is none`
      : `there is no action ${quote(verb.text)}`,
    suggest(verb.text, own, 'actions'),
  );
}

function readFault(reader: LineReader, face: string | undefined, scope: Scope): FaultSpec {
  const token = reader.next('down is followed by a fault, such as refuse');
  const wire = WIRE_FAULTS.find((fault) => fault.name === token.text);
  const instead = scope.dialect.unknownFaults?.[token.text];
  if (instead !== undefined)
    throw new Refusal(
      token.position,
      `a server of ${scope.dialect.name} has no fault ${quote(token.text)}`,
      instead,
    );
  if (wire) return { name: wire.name, args: readWireArgs(reader, wire) };
  const { name: dialect, faces } = scope.dialect;
  const knowing = faces.filter((known) => Object.hasOwn(known.answerFaults, token.text));
  const here = knowing.filter((known) => face === undefined || known.name === face);
  if (knowing.length > 0 && here.length === 0)
    throw new Refusal(
      token.position,
      `the ${face} of a server of ${dialect} has no fault ${quote(token.text)}`,
      `it is one of its ${knowing.map((known) => known.name).join(' and ')}`,
    );
  if (here.length === 0) {
    const answers = faces
      .filter((known) => face === undefined || known.name === face)
      .flatMap((known) => Object.keys(known.answerFaults));
    const all = [...new Set([...WIRE_FAULTS.map((fault) => fault.name), ...answers])];
    throw new Refusal(
      token.position,
      `there is no fault ${quote(token.text)}`,
      suggest(token.text, all, 'faults'),
    );
  }
  const allowed = new Set(here.flatMap((known) => known.answerFaults[token.text] ?? []));
  const fault = { name: token.text, args: readAnswerArgs(reader, token.text, [...allowed]) };
  const wrong = here.flatMap((known) => scope.dialect.checkAnswerFault?.(known.name, fault) ?? []);
  if (wrong[0] !== undefined)
    throw new Refusal(token.position, wrong[0], `correct the arguments of ${fault.name}`);
  return fault;
}

function readWireArgs(reader: LineReader, fault: WireFaultDescription): Record<string, string> {
  const args: Record<string, string> = {};
  const usage = `write ${faultUsage(fault)}`;
  for (const { name, kind } of fault.args.filter((argument) => !argument.named)) {
    const optional = fault.args.find((argument) => argument.name === name)?.optional;
    if (optional && !startsWithDigit(reader.peek())) continue;
    args[name] = readWireArg(reader.next(usage), kind, usage);
  }
  const named = fault.args.filter((argument) => argument.named);
  for (let token = reader.peek(); token?.text.includes('='); token = reader.peek()) {
    const [name, value] = takeNamed(reader, fault.name, named, args);
    const { kind } = named.find((argument) => argument.name === name)!;
    args[name] = readWireArg(value, kind, usage);
  }
  if (fault.needsOne && Object.keys(args).length === 0)
    throw new Refusal(reader.peek()?.position ?? reader.end(), `${fault.name} says not how`, usage);
  return args;
}

function startsWithDigit(token: Token | undefined): boolean {
  return token !== undefined && /^\d/.test(token.text) && !token.text.includes('=');
}

function readWireArg(token: Token, kind: ArgumentKind, usage: string): string {
  if (kind === 'duration') readDuration(token, `${usage}, with a duration such as 20s`);
  else if (kind === 'count' || kind === 'positive')
    readCount(token, kind === 'count' ? 0 : 1, usage);
  else if (!kind.includes(token.text))
    throw new Refusal(
      token.position,
      `${quote(token.text)} is not ${argumentUsage(kind)}`,
      suggest(token.text, kind, 'words'),
    );
  return token.text;
}

/** Takes the next word, `name=value` with a name that the fault knows and that was not given before. */
function takeNamed(
  reader: LineReader,
  fault: string,
  allowed: readonly { readonly name: string }[],
  given: Readonly<Record<string, string>>,
): [name: string, value: Token] {
  const token = reader.next('an argument');
  const equals = token.text.indexOf('=');
  const name = token.text.slice(0, equals);
  const names = allowed.map((argument) => argument.name);
  if (!names.includes(name))
    throw new Refusal(
      token.position,
      `${quote(fault)} has no argument ${quote(name)}`,
      suggest(name, names, 'arguments'),
    );
  if (Object.hasOwn(given, name))
    throw new Refusal(token.position, `${quote(name)} is given twice`, 'give it once');
  return [name, partOf(token, equals + 1)];
}

function readAnswerArgs(
  reader: LineReader,
  fault: string,
  allowed: readonly string[],
): Record<string, string> {
  const args: Record<string, string> = {};
  const known = allowed.map((name) => ({ name }));
  for (let token = reader.peek(); token?.text.includes('='); token = reader.peek()) {
    const [name, { text, position }] = takeNamed(reader, fault, known, args);
    if (text === '' || text.includes('"'))
      throw new Refusal(
        position,
        `${quote(text)} is not a value`,
        'a value is one word without quotes',
      );
    args[name] = text;
  }
  return args;
}

/** `for D`, `for D every D`, `for n EVENTs` (the event may end in an s), or nothing: until `up`. */
function readEnd(reader: LineReader, { dialect }: Scope): FaultEnd {
  if (!reader.take('for')) return { kind: 'up' };
  const token = reader.next('for is followed by a duration, or by a number and an event');
  if (!/^\d+$/.test(token.text)) return readPeriod(reader, positive(token));
  const count = readCount(token, 1, 'write for n EVENTs, such as for 2 upload-accepts');
  const events = EVENTS_OF.server.filter(
    (event) => event !== 'down' && event !== 'up' && isEventOf(dialect, event),
  );
  const word = reader.next('the number is followed by an event, such as upload-accept');
  const event = [word.text, word.text.replace(/s$/, '')].find((text) => events.includes(text));
  if (event !== undefined) return { kind: 'count', event, count };
  throw new Refusal(
    word.position,
    `${quote(word.text)} is not an event of a server`,
    suggest(word.text, events, 'events of a server'),
  );
}

function readPeriod(reader: LineReader, duration: bigint): FaultEnd {
  if (!reader.take('every')) return { kind: 'for', duration };
  const token = reader.next('every is followed by a duration, such as for 2m every 10m');
  const every = readDuration(token, 'for 2m every 10m: it begins every 10 minutes');
  if (every > duration) return { kind: 'for', duration, every };
  throw new Refusal(
    token.position,
    'it would begin again before it has ended',
    'write a longer time after every than after for, such as for 2m every 10m',
  );
}

function positive(token: Token): bigint {
  const duration = readDuration(
    token,
    'for is followed by a duration such as 2h, or by a number and an event',
  );
  if (duration > 0n) return duration;
  throw new Refusal(token.position, 'a downtime of no length', 'write a duration such as 2h');
}
