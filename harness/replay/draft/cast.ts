// Who is in a captured session, under names that a case can have.
import { RESERVED_WORDS } from '../../case/notation/scope.ts';
import type { Trace, TraceEvent } from '../../trace/event.ts';

export interface Cast {
  readonly servers: readonly string[];
  readonly clients: readonly string[];
  /** The same session under those names. */
  readonly events: readonly TraceEvent[];
}

/** As many as a case can have. */
const MAX_SERVERS = 16;
const MAX_CLIENTS = 64;
/** Far more than a person would want to read of, as a case. */
const MAX_EVENTS = 50_000;

/** `servers`: in the order of the client, where it is known; else that of appearance. Throws an Error for more than a case can have, or can be made of. */
export function castOf({ events }: Trace, servers: readonly string[] = []): Cast {
  if (events.length === 0) throw new Error('nothing happens in it');
  if (events.length > MAX_EVENTS)
    throw new Error(
      `${events.length} events: a case is made of at most ${MAX_EVENTS}; record or import a shorter time or fewer clients`,
    );
  const onFaces = events.filter(({ face }) => face !== undefined);
  const seen = unique([...servers, ...onFaces.map(({ actor }) => actor)]);
  const acting = events.filter(
    ({ actor, face, event }) => face === undefined && event === 'start' && !seen.includes(actor),
  );
  const callers = unique([
    ...acting.map(({ actor }) => actor),
    ...onFaces.flatMap(({ from }) => from ?? []),
  ]);
  if (seen.length === 0) throw new Error('no server is seen in it');
  if (seen.length > MAX_SERVERS || callers.length > MAX_CLIENTS)
    throw new Error(
      `${seen.length} servers and ${callers.length} clients: a case has at most ${MAX_SERVERS} and ${MAX_CLIENTS}`,
    );
  const names = named(seen, 'server', new Set(['client']));
  const own =
    callers.length > 1
      ? named(callers, 'client', new Set(names.values()))
      : new Map(callers.map((name) => [name, 'client']));
  const nameOf = (name: string): string => names.get(name) ?? own.get(name) ?? name;
  return {
    servers: [...names.values()],
    clients: own.size > 0 ? [...own.values()] : ['client'],
    events: events.map((event) => ({
      ...event,
      actor: nameOf(event.actor),
      ...(event.from !== undefined && { from: nameOf(event.from) }),
    })),
  };
}

function named(
  originals: readonly string[],
  prefix: string,
  taken: ReadonlySet<string>,
): ReadonlyMap<string, string> {
  const used = new Set(taken);
  return new Map(
    originals.map((original, index) => {
      const plain = original
        .toLowerCase()
        .replaceAll(/[^a-z0-9]+/g, '-')
        .replaceAll(/^-+|-+$/g, '')
        .slice(0, 24);
      const word = /^[a-z]/.test(plain) ? plain : `${prefix}-${plain || index + 1}`;
      const isFree = !used.has(word) && !RESERVED_WORDS.has(word);
      const name = isFree ? word : `${prefix}-${index + 1}`;
      used.add(name);
      return [original, name];
    }),
  );
}

function unique(names: readonly string[]): readonly string[] {
  return [...new Set(names)];
}
