// Names of leases: a server that is asked again may give others than the recorded one did.
import type { TraceEvent } from '../trace/event.ts';

const GRANTS: ReadonlySet<string> = new Set(['lease-grant', 'lease-checkout']);

/** The nth grant of a program by a server to a client stands for the nth one that was recorded. */
export class Leases {
  readonly #recorded = new Map<string, string[]>();
  readonly #renamed = new Map<string, Map<string, string>>();

  constructor(recorded: readonly TraceEvent[]) {
    for (const event of recorded) {
      if (!GRANTS.has(event.event)) continue;
      const key = keyOf(event);
      const names = this.#recorded.get(key) ?? [];
      this.#recorded.set(key, names);
      names.push(String(event.fields['lease']));
    }
  }

  /** Takes notice of what a server grants now. */
  heard(event: TraceEvent): void {
    if (!GRANTS.has(event.event)) return;
    const then = this.#recorded.get(keyOf(event))?.shift();
    const now = String(event.fields['lease']);
    const renamed = this.#renamed.get(event.actor) ?? new Map<string, string>();
    this.#renamed.set(event.actor, renamed);
    if (then !== undefined && then !== now) renamed.set(then, now);
  }

  /** By its recorded name what a lease of that server is called now. */
  of(server: string): ReadonlyMap<string, string> {
    return this.#renamed.get(server) ?? new Map();
  }
}

function keyOf({ actor, event, from, fields }: TraceEvent): string {
  return JSON.stringify([actor, from, event, fields['program']]);
}
