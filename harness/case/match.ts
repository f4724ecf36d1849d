import type { FieldValue, TraceEvent } from '../trace/event.ts';
import type { EventPattern } from './plan.ts';

/** Values bound so far by `$x`; a match adds its own. */
export type Bindings = Map<string, FieldValue>;

/**
 * True when the event is one that the pattern means. A variable that is bound must be equal; one that is not takes the value.
 * `record=` means any record of an upload; a variable takes the first.
 */
export function eventMatches(
  pattern: EventPattern,
  event: TraceEvent,
  bindings: Bindings = new Map(),
): boolean {
  if (pattern.event !== event.event) return false;
  if (pattern.actor !== '*' && pattern.actor !== event.actor) return false;
  if (pattern.face !== undefined && pattern.face !== event.face) return false;
  if (pattern.from !== undefined && pattern.from !== event.from) return false;
  const bound: [string, FieldValue][] = [];
  for (const [name, match] of Object.entries(pattern.fields)) {
    const values = valuesOf(event, name);
    if (values.length === 0) return false;
    if (match.kind === 'any') continue;
    const wanted = match.kind === 'is' ? match.value : bindings.get(match.name);
    if (wanted !== undefined) {
      if (!values.some((value) => String(value) === String(wanted))) return false;
    } else if (match.kind === 'variable') bound.push([match.name, values[0]!]);
  }
  for (const [name, value] of bound) bindings.set(name, value);
  return true;
}

function valuesOf(event: TraceEvent, name: string): readonly FieldValue[] {
  if (name === 'record' && event.usage) return event.usage.map(({ record }) => record);
  const value = event.fields[name];
  return value === undefined ? [] : [value];
}
