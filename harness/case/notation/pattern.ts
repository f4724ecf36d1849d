import type { FieldValue } from '../../trace/event.ts';
import { quote, Refusal } from '../errors.ts';
import { nearest, suggest } from '../nearest.ts';
import type { EventPattern, FieldMatch } from '../plan.ts';
import { type LineReader, partOf, type Token } from './line.ts';
import { type ActorKind, EVENTS_OF, isEventOf, listedFields, type Scope } from './scope.ts';

const VARIABLE = /^\$([a-z][a-z0-9_]*)$/;
const EXPECTED_ACTOR = 'an event is written SERVER[.face] EVENT, such as alpha.share upload-offer';

export interface PatternOptions {
  /** True after `on`: an event alone is one of any server. */
  readonly actorMayBeAbsent: boolean;
  readonly variablesAllowed: boolean;
}

/** `ACTOR[.face] EVENT field=value … [from=CLIENT]` */
export function readPattern(
  reader: LineReader,
  scope: Scope,
  { actorMayBeAbsent, variablesAllowed }: PatternOptions,
): EventPattern {
  const first = reader.next(EXPECTED_ACTOR);
  const alone = actorMayBeAbsent && kindOfEvent(first.text);
  if (alone && alone !== 'server')
    throw new Refusal(
      first.position,
      `${quote(first.text)} is not an event of a server`,
      `write ${alone === 'client' ? 'the name of the client' : 'harness'} before it`,
    );
  const actor = alone
    ? { kind: alone, name: '*' }
    : readActor(first, scope, actorMayBeAbsent ? EVENTS_OF.server : []);
  const eventToken = alone ? first : reader.next(`an event of ${actor.name}`);
  const event = readEvent(eventToken, actor.kind, scope);
  const fields = new Map<string, FieldMatch>();
  let from: string | undefined;
  for (let token = reader.peek(); token?.text.includes('='); token = reader.peek()) {
    reader.next('a field');
    const [name, value] = splitField(token);
    if (fields.has(name.text) || (name.text === 'from' && from !== undefined))
      throw new Refusal(name.position, `${quote(name.text)} is given twice`, 'give it once');
    if (name.text === 'from') from = readFrom(name, value, actor.kind, scope);
    else fields.set(name.text, readField(name, value, event, variablesAllowed));
  }
  return {
    actor: actor.name,
    ...(actor.face !== undefined && { face: actor.face }),
    event,
    fields: Object.fromEntries(fields),
    ...(from !== undefined && { from }),
  };
}

export interface Actor {
  readonly kind: ActorKind;
  /** `*` is any server. */
  readonly name: string;
  readonly face?: string;
}

/** `alpha`, `alpha.share`, `*`, `*.pipe`, `client`, `harness`. `others` are the other words that may stand here. */
export function readActor(token: Token, scope: Scope, others: readonly string[] = []): Actor {
  const dot = token.text.indexOf('.');
  const name = dot < 0 ? token.text : token.text.slice(0, dot);
  const kind = kindOfActor(name, scope);
  if (!kind)
    throw new Refusal(
      token.position,
      `there is no server and no client ${quote(name)}`,
      suggest(name, [...scope.servers, ...scope.clients, ...others], 'names'),
    );
  if (dot < 0) return { kind, name };
  const face = partOf(token, dot + 1);
  const faces = scope.dialect.faces.map((known) => known.name);
  if (kind !== 'server')
    throw new Refusal(face.position, `only a server has faces`, `write ${name} alone`);
  if (!faces.includes(face.text))
    throw new Refusal(
      face.position,
      `a server of ${scope.dialect.name} has no face ${quote(face.text)}`,
      suggest(face.text, faces, 'faces'),
    );
  return { kind, name, face: face.text };
}

function kindOfActor(name: string, scope: Scope): ActorKind | undefined {
  if (name === '*' || scope.servers.includes(name)) return 'server';
  if (scope.clients.includes(name)) return 'client';
  return name === 'harness' ? 'harness' : undefined;
}

function kindOfEvent(event: string): ActorKind | undefined {
  const kinds: readonly ActorKind[] = ['server', 'client', 'harness'];
  return kinds.find((kind) => EVENTS_OF[kind].includes(event));
}

function readEvent({ text, position }: Token, kind: ActorKind, { dialect }: Scope): string {
  if (!isEventOf(dialect, text))
    throw new Refusal(
      position,
      `a server of ${dialect.name} has no event ${quote(text)}`,
      suggest(text, dialect.events ?? [], `events of ${dialect.name}`),
    );
  if (EVENTS_OF[kind].includes(text)) return text;
  const other = kindOfEvent(text);
  throw new Refusal(
    position,
    other
      ? `${quote(text)} is an event of a ${other}, not of a ${kind}`
      : `there is no event ${quote(text)}`,
    suggest(text, EVENTS_OF[kind], `events of a ${kind}`),
  );
}

/** A printed trace quotes names that no dialect of ours has: `"odd name"=1`. */
const FIELD = /^(?:([a-z][a-z0-9-]*)|("(?:[^"\\]|\\.)*"))=/;

function splitField(token: Token): [name: Token, value: Token] {
  const [head, bare, quoted] = FIELD.exec(token.text) ?? [];
  const name = bare ?? readQuoted(quoted ?? '');
  if (head === undefined || name === undefined)
    throw new Refusal(
      token.position,
      `${quote(token.text.split('=')[0]!)} is not the name of a field`,
      'a field is written name=value, name=* or name=$variable',
    );
  return [{ text: name, position: token.position }, partOf(token, head.length)];
}

function readFrom(name: Token, value: Token, kind: ActorKind, scope: Scope): string {
  if (kind !== 'server')
    throw new Refusal(name.position, 'only an event of a server has from=', 'leave it out');
  if (scope.clients.includes(value.text)) return value.text;
  throw new Refusal(
    value.position,
    `there is no client ${quote(value.text)}`,
    suggest(value.text, scope.clients, 'clients'),
  );
}

/** A dialect may have fields of its own: a field that is not listed is refused only where it looks like a slip. */
function readField(
  name: Token,
  value: Token,
  event: string,
  variablesAllowed: boolean,
): FieldMatch {
  const listed = listedFields(event);
  const near = listed.includes(name.text) ? undefined : nearest(name.text, listed);
  if (near !== undefined)
    throw new Refusal(
      name.position,
      `${quote(event)} has no field ${quote(name.text)}`,
      `did you mean "${near}"?`,
    );
  if (value.text === '*') return { kind: 'any' };
  const variable = VARIABLE.exec(value.text);
  if (variable && variablesAllowed) return { kind: 'variable', name: variable[1]! };
  if (variable)
    throw new Refusal(value.position, 'a step binds no variables', 'write a value or *');
  return { kind: 'is', value: readValue(value) };
}

/** Quoted text stays text; without quotes, true, false and plain numbers are what they look like. */
function readValue({ text, position }: Token): FieldValue {
  if (text.startsWith('"')) {
    const value = readQuoted(text);
    if (value !== undefined) return value;
  } else if (text !== '' && !text.includes('"') && !text.startsWith('$')) {
    if (text === 'true' || text === 'false') return text === 'true';
    // Only as a number is written back: 007 and 1.10 are text.
    return /^-?\d[\d.]{0,15}$/.test(text) && String(Number(text)) === text ? Number(text) : text;
  }
  throw new Refusal(
    position,
    `${quote(text)} is not a value`,
    'a value is 5, word.exe, "no seat" (escapes as in JSON), * for any, or $name to bind it',
  );
}

function readQuoted(text: string): string | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'string' ? value : undefined;
  } catch {
    return undefined;
  }
}
