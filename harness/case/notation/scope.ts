import type { Dialect, FaceDescription } from '../../../emulators/emulator.ts';
import type { Nanos } from '../../clock/clock.ts';
import {
  CLIENT_EVENTS,
  HARNESS_EVENTS,
  MATCHABLE_EVENTS,
  SEMANTIC_EVENTS,
  SERVER_EVENTS,
  TRANSPORT_EVENTS,
} from '../../trace/vocabulary.ts';

/** What the loader must know of a dialect; a `Dialect` is one. */
export interface DialectLookup extends Pick<
  Dialect,
  'name' | 'checkAnswerFault' | 'commands' | 'events' | 'opaque' | 'records' | 'unknownFaults'
> {
  readonly faces: readonly Pick<FaceDescription, 'name' | 'answerFaults'>[];
}

/** The names that hold in one case. */
export interface Scope {
  readonly servers: readonly string[];
  readonly clients: readonly string[];
  readonly dialect: DialectLookup;
  readonly toleranceNs: Nanos;
}

const isMatchable = (event: string): boolean => MATCHABLE_EVENTS.includes(event);

/** Events by the kind of actor that has them. */
export const EVENTS_OF = {
  server: [
    ...Object.keys(TRANSPORT_EVENTS),
    ...Object.keys(SEMANTIC_EVENTS),
    ...Object.keys(SERVER_EVENTS),
  ].filter(isMatchable),
  client: Object.keys(CLIENT_EVENTS).filter(isMatchable),
  harness: Object.keys(HARNESS_EVENTS).filter(isMatchable),
} as const;

/** Whether servers of that dialect can have that event: what the shim and the play do, all can. */
export function isEventOf({ events }: DialectLookup, event: string): boolean {
  return events === undefined || !Object.hasOwn(SEMANTIC_EVENTS, event) || events.includes(event);
}

export type ActorKind = keyof typeof EVENTS_OF;

/** Words of the notation: no server and no client may be called so, or a line could be read in two ways. */
export const RESERVED_WORDS: ReadonlySet<string> = new Set([
  ...Object.keys(TRANSPORT_EVENTS),
  ...EVENTS_OF.server,
  ...EVENTS_OF.client,
  ...EVENTS_OF.harness,
  'harness',
  'on',
  'any',
  'for',
  'every',
  'run',
  'new-only',
  'as',
]);

const DESCRIBED: Readonly<Record<string, string>> = {
  ...TRANSPORT_EVENTS,
  ...SEMANTIC_EVENTS,
  ...SERVER_EVENTS,
  ...CLIENT_EVENTS,
};

/** The fields that the vocabulary lists for an event, as `records=` in its description. */
export function listedFields(event: string): readonly string[] {
  const matches = (DESCRIBED[event] ?? '').matchAll(/([a-z][a-z0-9-]*)=/g);
  return [...new Set([...matches].map((match) => match[1]!))];
}
