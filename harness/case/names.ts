// What a case names must exist, and no name may be read in two ways.
import { type Problem, quote } from './errors.ts';
import { nearest, suggest } from './nearest.ts';
import { type DialectLookup, RESERVED_WORDS } from './notation/scope.ts';
import type { Position } from './plan.ts';
import type { Fields } from './schema.ts';
import type { Path, YamlFile } from './yaml-file.ts';

/** Each has an address of its own for each server. */
const MAX_CLIENTS = 64;

/** What a case may name besides its own servers and clients. */
export interface Known {
  /** Ids of the rules. */
  readonly rules: ReadonlySet<string>;
  readonly dialects: readonly DialectLookup[];
  /** What servers speak where the case does not say; default `metering`. */
  readonly openAs?: string;
  /** Bugs of the reference client; absent: `catches` is not checked. */
  readonly bugs?: ReadonlySet<string>;
}

/** Checks what names something else; the result is the dialect. */
export function checkNames(
  fields: Fields,
  yaml: YamlFile,
  known: Known,
  problems: Problem[],
): DialectLookup | undefined {
  const refuseAt = (position: Position, what: string, right: string): void => {
    problems.push({ position, what, right });
  };
  const refuse = (path: Path, what: string, right: string): void =>
    refuseAt(yaml.position(path), what, right);
  const refuseReserved = (position: Position, name: string): void => {
    if (RESERVED_WORDS.has(name))
      refuseAt(position, `${quote(name)} is a word of the notation`, 'choose another name');
  };
  const check = (
    field: 'rules' | 'catches',
    ids: ReadonlySet<string>,
    noun: string,
    more = '',
  ): void => {
    for (const [index, words] of (fields[field] ?? []).entries())
      for (const word of words.split('+'))
        if (!ids.has(word))
          refuse(
            [field, index],
            `${quote(word)} is none of the ${noun}`,
            suggest(word, [...ids], noun) + (nearest(word, [...ids]) === undefined ? more : ''),
          );
  };
  check('rules', known.rules, 'rules', '; rules of your own come with --rules');
  if (known.bugs) check('catches', known.bugs, 'bugs');
  const names = fields.servers ?? [];
  const clients = Object.keys(fields.clients ?? { client: {} });
  for (const [index, server] of names.entries()) {
    const path = ['servers', index];
    if (names.indexOf(server) < index)
      refuse(path, `${quote(server)} is given twice`, 'name each server once');
    if (clients.includes(server))
      refuse(path, `${quote(server)} is also the name of a client`, 'give the server another name');
    refuseReserved(yaml.position(path), server);
  }
  if (fields.clients) {
    const place = yaml.keyPosition(['clients']);
    if (fields.client)
      refuseAt(
        place,
        'client and clients are both given',
        'client is for one, clients for several',
      );
    if (clients.length === 0 || clients.length > MAX_CLIENTS)
      refuseAt(place, `${clients.length} clients`, `name 1 to ${MAX_CLIENTS}, with their settings`);
    for (const name of clients) refuseReserved(yaml.keyPosition(['clients', name]), name);
  }
  const { dialect = known.openAs ?? 'metering' } = fields;
  const found = known.dialects.find((candidate) => candidate.name === dialect);
  if (!found) {
    const all = known.dialects.map((candidate) => candidate.name);
    refuse(['dialect'], `there is no dialect ${quote(dialect)}`, suggest(dialect, all, 'dialects'));
  }
  return found;
}
