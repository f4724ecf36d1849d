import type { Dialect } from '../../emulators/emulator.ts';
import type { TraceEvent } from '../trace/event.ts';
import { describedWire, facesKnowing, rowId } from './faults.ts';

/** One `down` of a trace, until its `up`. */
export interface ActiveFault {
  readonly row: string;
  readonly fault: string;
  readonly server: string;
  readonly faces: Set<string>;
  /** Connections that it leaves alone. */
  readonly spared: ReadonlySet<number>;
  /** Tells it from others of the same name. */
  readonly key: string;
}

/** The downtimes that are in force at each event of a trace. */
export class FaultsInForce {
  readonly #dialect: Dialect;
  #active: ActiveFault[] = [];

  constructor(dialect: Dialect) {
    this.#dialect = dialect;
  }

  /** `standing`: the connections to that server now. Returns the fault that begins with this event, if one does. */
  follow(event: TraceEvent, standing: readonly number[]): ActiveFault | undefined {
    if (event.event === 'end') this.#active = [];
    else if (event.event === 'up') this.#lift(event);
    else if (event.event === 'down') return this.#begin(event, standing);
    return undefined;
  }

  /** What a face of a server suffers from now, as far as it concerns that connection. */
  on(server: string, face: string, conn?: number): readonly ActiveFault[] {
    return this.#active.filter(
      (active) =>
        active.server === server &&
        active.faces.has(face) &&
        (conn === undefined || !active.spared.has(conn)),
    );
  }

  #begin({ actor, face, fields }: TraceEvent, standing: readonly number[]): ActiveFault {
    const { fault: name, 'new-only': newOnly, ...args } = fields;
    const fault = String(name ?? '');
    const active: ActiveFault = {
      row: rowId(fault, args),
      fault,
      server: actor,
      faces: new Set(face === undefined ? facesKnowing(this.#dialect, fault) : [face]),
      spared: new Set(newOnly === true ? standing : []),
      key: keyOf(fields),
    };
    this.#active.push(active);
    return active;
  }

  #lift({ actor, face, fields }: TraceEvent): void {
    const key = keyOf(fields);
    const lifted = this.#active.find(
      (active) =>
        active.server === actor &&
        active.key === key &&
        (face === undefined || active.faces.has(face)),
    );
    if (face === undefined) lifted?.faces.clear();
    else lifted?.faces.delete(face);
    this.#active = this.#active.filter(({ faces }) => faces.size > 0);
  }
}

/** What happens to connections that stand when the fault begins. */
export function establishedUnder(fault: string): 'reset' | 'kept' | 'vanished' {
  return describedWire(fault)?.established ?? 'kept';
}

function keyOf({ 'new-only': _spares, ...fields }: TraceEvent['fields']): string {
  return JSON.stringify(fields);
}
