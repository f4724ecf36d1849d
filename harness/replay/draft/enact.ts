// A session from the wire with what its concluded play would have left in the trace of a run, so that more rules can be told.
import type { Nanos } from '../../clock/clock.ts';
import type { TraceEvent } from '../../trace/event.ts';
import type { DraftStep } from './step.ts';

interface Placed {
  readonly event: TraceEvent;
  /** Before the event of the session that has this place. */
  readonly place: number;
}

export function enacted(
  events: readonly TraceEvent[],
  steps: readonly DraftStep[],
): readonly TraceEvent[] {
  let lastId = 0;
  const placeAt = (time: Nanos): number => {
    const place = events.findIndex(({ at }) => at >= time);
    return place < 0 ? events.length : place;
  };
  const made = steps.flatMap((step): readonly Placed[] => {
    const { at, place, run } = step;
    if (!run) {
      const event = eventOf(step, steps);
      return event ? [{ event, place }] : [];
    }
    const { program, to } = run;
    return [
      ...command(step, at, ++lastId, 'start-program', program, place),
      ...command(step, to, ++lastId, 'stop-program', program, placeAt(to)),
    ];
  });
  return [...made, ...events.map((event, place): Placed => ({ event, place: place + 0.5 }))]
    .toSorted((a, b) =>
      a.event.at < b.event.at ? -1 : a.event.at > b.event.at ? 1 : a.place - b.place,
    )
    .map(({ event }) => event);
}

function command(
  { actor }: DraftStep,
  at: Nanos,
  id: number,
  name: string,
  program: string,
  place: number,
): readonly Placed[] {
  return [
    { place, event: { at, actor, event: 'command', fields: { id, name, program } } },
    { place, event: { at, actor, event: 'answer', fields: { id, result: 'ok' } } },
  ];
}

function eventOf(
  { at, actor: acting, action }: DraftStep,
  steps: readonly DraftStep[],
): TraceEvent | undefined {
  if (action === 'start') return { at, actor: acting, event: 'start', fields: { run: 1 } };
  const [name] = action.split(' ');
  if (name !== 'down' && name !== 'up') return undefined;
  const down = steps.findLast(
    (step) => step.actor === acting && step.at <= at && step.action.startsWith('down '),
  );
  const fault = down?.action.split(' ')[1] ?? '';
  const [actor, face] = acting.split('.');
  return { at, actor: actor!, face: face!, event: name, fields: { fault } };
}
