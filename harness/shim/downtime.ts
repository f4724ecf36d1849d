import type { Action } from '../case/plan.ts';
import type { ConnectionFault, WireFault } from './faults/fault.ts';
import { WIRE_FAULTS } from './faults/index.ts';

export type DownAction = Extract<Action, { kind: 'down' }>;

/** One `down` of a play while it lasts: which faces it is on, and what it does to each connection there. */
export class Downtime {
  readonly action: DownAction;
  /** Absent for an answer fault, which the dialect looks up, and for one that is only told. */
  readonly wire: WireFault | undefined;
  readonly #faces: Set<string>;
  readonly #sinceConnection: number;
  readonly #seed: number;
  readonly #connections = new Map<number, ConnectionFault>();
  #events = 0;

  /** `sinceConnection`: the number that the next accepted connection will get. `seed`: of what a fault draws. */
  constructor(
    action: DownAction,
    faces: readonly string[],
    { sinceConnection, seed }: { sinceConnection: number; seed: number },
  ) {
    this.action = action;
    this.#faces = new Set(faces);
    this.#sinceConnection = sinceConnection;
    this.#seed = seed;
    this.wire = action.isTold ? undefined : WIRE_FAULTS[action.fault.name]?.(action.fault.args);
  }

  get faces(): readonly string[] {
    return [...this.#faces];
  }

  isOn(server: string, face: string): boolean {
    return this.action.server === server && this.#faces.has(face);
  }

  /** Takes it off one face; true when it is on none any more. */
  leave(face: string): boolean {
    this.#faces.delete(face);
    return this.#faces.size === 0;
  }

  /** True for a connection that stood before it, where that is to be left alone. */
  spares(number: number): boolean {
    return this.action.newOnly && number < this.#sinceConnection;
  }

  /** Counts an event towards `for n EVENTs`; true when that was the last. */
  counts(event: string): boolean {
    const { until } = this.action;
    return until.kind === 'count' && until.event === event && ++this.#events === until.count;
  }

  /** What it does to that connection; the same object for the same connection. */
  connection(number: number): ConnectionFault | undefined {
    if (this.spares(number)) return undefined;
    let fault = this.#connections.get(number);
    if (!fault && this.wire?.connection) {
      // The same connection of the same case draws the same, whatever other faults there are.
      fault = this.wire.connection(Math.imul(this.#seed, 0x9e3779b1) ^ number);
      this.#connections.set(number, fault);
    }
    return fault;
  }

  /** As a trace shows it. */
  fields(): Record<string, string> {
    const { fault } = this.action;
    return { fault: fault.name, ...fault.args };
  }
}
