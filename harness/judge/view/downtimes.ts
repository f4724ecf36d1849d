import type { Nanos } from '../../clock/clock.ts';
import type { TraceEvent } from '../../trace/event.ts';

/** A fault on one face of a server; `to` is absent where it never ended. */
export interface Downtime {
  readonly server: string;
  readonly face: string;
  readonly fault: string;
  readonly from: Nanos;
  readonly to?: Nanos;
}

/** With these the server answers, and means what it says. */
const ANSWERS: ReadonlySet<string> = new Set(['deny']);

/** What was down when. The end of the play lifts all faults. */
export class Downtimes {
  readonly #all: readonly Downtime[];

  /** `faces`: those that a client uses, also where nobody saw it try. */
  constructor(events: readonly TraceEvent[], faces: readonly string[]) {
    const done: Downtime[] = [];
    let active: Downtime[] = [];
    const known = facesOf(events, faces);
    const lift = (at: Nanos, leaves: (downtime: Downtime) => boolean): void => {
      for (const downtime of active) if (leaves(downtime)) done.push({ ...downtime, to: at });
      active = active.filter((downtime) => !leaves(downtime));
    };
    for (const { at, actor, face, event, fields } of events) {
      const fault = fields['fault'] === undefined ? undefined : String(fields['fault']);
      if (event === 'down' && fault !== undefined && !ANSWERS.has(fault))
        for (const name of face === undefined ? known : [face])
          active.push({ server: actor, face: name, fault, from: at });
      else if (event === 'up')
        lift(
          at,
          (downtime) =>
            downtime.server === actor &&
            (face === undefined || downtime.face === face) &&
            (fault === undefined || downtime.fault === fault),
        );
      else if (event === 'end') lift(at, () => true);
    }
    this.#all = [...done, ...active];
  }

  /** True when no fault was on that face at any moment from `from` to `to`. */
  clear(server: string, face: string, from: Nanos, to: Nanos): boolean {
    return !this.#all.some(
      (downtime) =>
        downtime.server === server &&
        downtime.face === face &&
        downtime.from <= to &&
        (downtime.to === undefined || downtime.to > from),
    );
  }

  /** The faults that were on that face at any time. */
  names(server: string, face: string): ReadonlySet<string> {
    const own = this.#all.filter((other) => other.server === server && other.face === face);
    return new Set(own.map(({ fault }) => fault));
  }

  down(server: string, face: string, at: Nanos): boolean {
    return !this.clear(server, face, at, at);
  }

  /** The moments from `after` on at which the last fault of that face ended. */
  returns(server: string, face: string, after: Nanos): readonly Nanos[] {
    const ends = this.#all
      .filter((downtime) => downtime.server === server && downtime.face === face)
      .flatMap(({ to }) =>
        to !== undefined && to >= after && this.clear(server, face, to, to) ? to : [],
      );
    return [...new Set(ends)].toSorted((a, b) => (a < b ? -1 : 1));
  }
}

/** A fault on a whole server is on every face that is known. */
function facesOf(events: readonly TraceEvent[], used: readonly string[]): readonly string[] {
  return [...new Set([...used, ...events.flatMap(({ face }) => face ?? [])])];
}
