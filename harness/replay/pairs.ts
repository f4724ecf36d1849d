// What belongs together in a recorded play: the end of each downtime, the stop of each program.
import type { TraceEvent } from '../trace/event.ts';
import { faultOf, stateText } from './recording.ts';

export interface Pairs {
  /** By the place of a `down` that of its `up`. */
  readonly upOf: ReadonlyMap<number, number>;
  /** By the place of a command `start-program` that of its `stop-program`. */
  readonly stopOf: ReadonlyMap<number, number>;
}

/** Of several that are alike the first that begins is the first that ends. */
export function pairsIn(events: readonly TraceEvent[]): Pairs {
  const upOf = new Map<number, number>();
  const stopOf = new Map<number, number>();
  const open = new Map<string, number[]>();
  const begin = (key: string, index: number): void => {
    const places = open.get(key);
    if (places) places.push(index);
    else open.set(key, [index]);
  };
  const end = (key: string, index: number, pairs: Map<number, number>): void => {
    const first = open.get(key)?.shift();
    if (first !== undefined) pairs.set(first, index);
  };
  for (const [index, event] of events.entries()) {
    const { actor, face, fields } = event;
    switch (event.event) {
      case 'down':
        begin(JSON.stringify([actor, face, stateText(faultOf(event))]), index);
        break;
      case 'up':
        end(JSON.stringify([actor, face, stateText(faultOf(event))]), index, upOf);
        break;
      case 'exit':
        // The runs of a process end with it.
        for (const key of open.keys()) if (key.startsWith(`run ${actor} `)) open.delete(key);
        break;
      case 'command': {
        const key = `run ${actor} ${fields['program']}`;
        if (fields['name'] === 'start-program') begin(key, index);
        else if (fields['name'] === 'stop-program') end(key, index, stopOf);
      }
    }
  }
  return { upOf, stopOf };
}
