import { type Bindings, eventMatches } from '../../case/match.ts';
import type { EventPattern } from '../../case/plan.ts';
import type { TraceEvent } from '../../trace/event.ts';
import { formatActor, formatValue } from '../../trace/format.ts';

export type { Bindings };

/** True when the event is of the server (or client) and of the kind that the pattern names, whatever its fields. */
export function names(pattern: EventPattern, event: TraceEvent): boolean {
  return pattern.event === event.event && eventMatches({ ...pattern, fields: {} }, event);
}

/** The bindings after a match, or undefined where the event does not match; `bindings` stays as it is. */
export function matched(
  pattern: EventPattern,
  event: TraceEvent,
  bindings: Bindings,
): Bindings | undefined {
  if (pattern.event !== event.event) return undefined;
  const after = new Map(bindings);
  return eventMatches(pattern, event, after) ? after : undefined;
}

/** `bravo.share upload-offer records=1 from=ws1`; what is bound is shown as its value. */
export function formatPattern(pattern: EventPattern, bindings: Bindings = new Map()): string {
  const fields = Object.entries(pattern.fields).map(([name, match]) => {
    if (match.kind === 'any') return `${name}=*`;
    if (match.kind === 'is') return `${name}=${formatValue(match.value)}`;
    const known = bindings.get(match.name);
    return `${name}=${known === undefined ? `$${match.name}` : formatValue(known)}`;
  });
  if (pattern.from !== undefined) fields.push(`from=${pattern.from}`);
  return [formatActor(pattern), pattern.event, ...fields].join(' ');
}

/** In which fields an event differs from the pattern that names it: `records=2 instead of 1`. */
export function differences(
  pattern: EventPattern,
  event: TraceEvent,
  bindings: Bindings,
): readonly string[] {
  return Object.entries(pattern.fields).flatMap(([name, match]) => {
    if (matched({ ...pattern, fields: { [name]: match } }, event, bindings)) return [];
    const value = name === 'record' ? event.usage?.[0]?.record : undefined;
    const came = value ?? event.fields[name];
    const variable = match.kind === 'variable' ? bindings.get(match.name) : undefined;
    const right = match.kind === 'is' ? match.value : variable;
    if (came === undefined || right === undefined) return [`${name}= is missing`];
    return [`${name}=${formatValue(came)} instead of ${formatValue(right)}`];
  });
}
