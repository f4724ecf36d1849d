// Clients that have come to no server in a whole case: mostly they dial something else, or speak no TCP.
import type { Plan } from '../case/plan.ts';
import type { TraceEvent } from '../trace/event.ts';

/** A line that names the clients of an opaque case that were started, and of which no connection was seen at any server. */
export function noContactNotes(plan: Plan, events: readonly TraceEvent[]): readonly string[] {
  if (!plan.opaque) return [];
  const seen = new Set(events.map(({ from }) => from));
  const silent = plan.clients.filter(
    ({ name }) =>
      !seen.has(name) && events.some(({ actor, event }) => actor === name && event === 'start'),
  );
  if (silent.length === 0) return [];
  return [
    `no attempt of ${silent.map(({ name }) => name).join(', ')} at any server was seen: does it dial what it is given? UDP is neither passed on nor judged (docs/ways-in/opaque.md)`,
  ];
}
