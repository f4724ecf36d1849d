import type { Nanos } from '../../clock/clock.ts';
import { quote, Refusal } from '../errors.ts';
import { suggest } from '../nearest.ts';
import type { Bound, Window } from '../plan.ts';
import { A_DURATION, readDuration } from './duration.ts';
import { partOf, type Token } from './line.ts';

export const LINE_NAME = /^[A-Za-z][A-Za-z0-9_]*$/;
const ANCHOR = /^@([A-Za-z0-9_]*)(\.[A-Za-z0-9_]*)?/;

export interface WindowScope {
  readonly toleranceNs: Nanos;
  /** Names of the lines that a bound may refer to. */
  readonly names: readonly string[];
  /** Why `+DUR` has nothing to count from; absent where it has. */
  readonly noPrevious?: string;
}

/** `FROM..TO`, each bound optional; a bound alone is that moment ± the tolerance of the case. */
export function readWindow(token: Token, scope: WindowScope): Window {
  const dots = token.text.indexOf('..');
  if (dots < 0) return around(readBound(token, scope), scope.toleranceNs);
  const from = dots > 0 ? readBound(partOf(token, 0, dots), scope) : undefined;
  const rest = partOf(token, dots + 2);
  const to = rest.text === '' ? undefined : readBound(rest, scope);
  if (from && to && runsBackward(from, to))
    throw new Refusal(
      token.position,
      `the window ${quote(token.text)} ends before it begins`,
      'a window is FROM..TO, the earlier bound first',
    );
  return { ...(from && { from }), ...(to && { to }) };
}

function readBound(token: Token, scope: WindowScope): Bound {
  if (token.text.startsWith('@')) return readAnchor(token, scope);
  if (!token.text.startsWith('+'))
    return {
      kind: 'time',
      at: readDuration(token, 'a bound is a time such as 4h, +DUR, @name or @name+DUR'),
    };
  if (scope.noPrevious !== undefined)
    throw new Refusal(token.position, scope.noPrevious, 'write a time such as 4h');
  return { kind: 'after-previous', delay: readDuration(partOf(token, 1)) };
}

function readAnchor(token: Token, { names }: WindowScope): Bound {
  const [head, name, which] = ANCHOR.exec(token.text)!;
  if (!names.includes(name!))
    throw new Refusal(
      partOf(token, 1).position,
      `no line above is named ${quote(name!)}`,
      names.length > 0
        ? suggest(name!, names, 'names of lines')
        : 'name a line by writing its name and a colon before its window',
    );
  if (which !== undefined && which !== '.first')
    throw new Refusal(
      partOf(token, 1 + name!.length).position,
      `${quote(which)} is not known`,
      `@${name} is the last match of that line, @${name}.first its first`,
    );
  const rest = partOf(token, head.length);
  const sign = rest.text[0];
  if (rest.text !== '' && sign !== '+' && sign !== '-')
    throw new Refusal(
      rest.position,
      `${quote(rest.text)} is too much here`,
      `write @${name}, @${name}+5m or @${name}-5m`,
    );
  const delay = rest.text === '' ? 0n : readDuration(partOf(rest, 1), A_DURATION);
  return {
    kind: 'anchor',
    name: name!,
    which: which === undefined ? 'last' : 'first',
    delay: sign === '-' ? -delay : delay,
  };
}

function around(bound: Bound, tolerance: Nanos): Window {
  return { from: shifted(bound, -tolerance), to: shifted(bound, tolerance) };
}

function shifted(bound: Bound, by: Nanos): Bound {
  if (bound.kind === 'time') return { kind: 'time', at: atLeastZero(bound.at + by) };
  // Nothing of the next line lies before the match of the line before.
  if (bound.kind === 'after-previous')
    return { kind: 'after-previous', delay: atLeastZero(bound.delay + by) };
  return { ...bound, delay: bound.delay + by };
}

function atLeastZero(value: Nanos): Nanos {
  return value < 0n ? 0n : value;
}

function runsBackward(from: Bound, to: Bound): boolean {
  if (from.kind === 'time' && to.kind === 'time') return to.at < from.at;
  if (from.kind === 'after-previous' && to.kind === 'after-previous') return to.delay < from.delay;
  if (from.kind !== 'anchor' || to.kind !== 'anchor') return false;
  return from.name === to.name && from.which === to.which && to.delay < from.delay;
}
