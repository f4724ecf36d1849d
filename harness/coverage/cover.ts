// Which cells of the grid one trace has touched: where a fault was in force, and the client met it.
import type { Dialect } from '../../emulators/emulator.ts';
import type { Nanos } from '../clock/clock.ts';
import type { TraceEvent } from '../trace/event.ts';
import { ACCEPTANCES, ATTEMPTS } from '../trace/vocabulary.ts';
import { describedWire, rowId, STATE_FAULTS } from './faults.ts';
import { type ActiveFault, establishedUnder, FaultsInForce } from './in-force.ts';
import { type Party, placeOf, Sessions } from './sessions.ts';
import { isAwaiting } from './states.ts';
import { tells } from './tells.ts';

/** What one trace shows. Cells are named by `cellId`. */
export interface Covered {
  readonly touched: ReadonlySet<string>;
  /** Face and state, with or without a fault. */
  readonly reached: ReadonlySet<string>;
}

export function cellId(face: string, row: string, state: string): string {
  return `${face}/${row}/${state}`;
}

export function stateId(face: string, state: string): string {
  return `${face}/${state}`;
}

/** A fault that a client has yet to meet, at its next sign of life there. */
interface Pending {
  readonly row: string;
  readonly state: string;
}

/** Something on a connection that becomes a meeting when what follows on it bears it out. */
interface Hints {
  /** When the last event on it was. */
  seenAt?: Nanos;
  /** The state before the last bytes that left. */
  beforeSent?: string | undefined;
  /** The fault that will take the acknowledgement of what was accepted just now. */
  lostAck?: string | undefined;
  /** The row of a fault that resets what it accepts, and the state before the attempt. */
  resetOnAccept?: Pending | undefined;
  /** The server went without a word. */
  vanished?: Pending | undefined;
  isVanished?: boolean;
}

/** `events` in order of time. */
export function cover(events: readonly TraceEvent[], dialect: Dialect): Covered {
  const pass = new Pass(dialect, partiesOf(events));
  for (const event of events) pass.take(event);
  return pass;
}

class Pass implements Covered {
  readonly touched = new Set<string>();
  readonly reached = new Set<string>();
  readonly #sessions: Sessions;
  readonly #faults: FaultsInForce;
  readonly #hints = new Map<number, Hints>();
  readonly #pending = new Map<string, Pending[]>();
  readonly #parties: readonly Party[];
  /** Servers whose clocks have been set. */
  readonly #skewed = new Set<string>();
  /** The fault that is resetting what stands, right now. */
  #striking: ActiveFault | undefined;

  constructor(dialect: Dialect, parties: readonly Party[]) {
    this.#parties = parties;
    this.#sessions = new Sessions(dialect);
    this.#faults = new FaultsInForce(dialect);
  }

  take(event: TraceEvent): void {
    const { actor, face, from, conn } = event;
    const before = this.#sessions.stateOf(conn);
    const party =
      face === undefined || from === undefined ? undefined : { client: from, server: actor, face };
    const apart = party && this.#sessions.stateApart(party);
    this.#stateFault(event);
    this.#sessions.follow(event);
    const began = this.#faults.follow(event, this.#standing(actor));
    if (began) this.#begin(began);
    if (!party) return;
    this.#settle(party, event);
    if (ATTEMPTS.has(event.event)) this.#attempt(event, apart!);
    if (conn === undefined) return;
    this.#reach(event, conn, before);
    this.#onConnection(event, conn, before);
  }

  /** A request is met in no time. To be idle takes some: the moment before a server closes is not that. */
  #reach({ at, face }: TraceEvent, conn: number, before: string | undefined): void {
    const hints = this.#hintsOf(conn);
    const after = this.#sessions.stateOf(conn);
    if (after !== undefined && isAwaiting(after)) this.reached.add(stateId(face!, after));
    if (before !== undefined && at > (hints.seenAt ?? at)) this.reached.add(stateId(face!, before));
    hints.seenAt = at;
  }

  #touch(face: string, row: string, state: string): void {
    this.touched.add(cellId(face, row, state));
  }

  #standing(server: string): readonly number[] {
    return this.#parties
      .filter((party) => party.server === server)
      .flatMap((party) => this.#sessions.connections(party));
  }

  // What begins.

  #begin(fault: ActiveFault): void {
    const established = establishedUnder(fault.fault);
    this.#striking = established === 'reset' ? fault : undefined;
    if (established !== 'vanished') return;
    for (const party of this.#parties) {
      if (party.server !== fault.server || !fault.faces.has(party.face)) continue;
      for (const conn of this.#sessions.connections(party)) {
        if (fault.spared.has(conn)) continue;
        const hints = this.#hintsOf(conn);
        hints.vanished = { row: fault.row, state: this.#sessions.stateOf(conn)! };
        hints.isVanished = true;
      }
    }
  }

  /** What the play does to a server beside its wire, or to a client. Seen before its effects. */
  #stateFault({ actor, event, fields }: TraceEvent): void {
    if (event === 'clock-skew') this.#skewed.add(actor);
    else if (Object.hasOwn(STATE_FAULTS, event)) {
      const row = rowId(event, fields);
      for (const party of this.#parties.filter(({ server }) => server === actor))
        for (const state of this.#statesOf(party)) this.#pendingAt(party).push({ row, state });
    } else if (event === 'kill' || (event === 'clock' && this.#sessions.isAlive(actor)))
      for (const party of this.#parties.filter(({ client }) => client === actor))
        for (const state of this.#statesOf(party)) this.#touch(party.face, event, state);
  }

  /** Of its connections; without one, of the client apart. */
  #statesOf(party: Party): readonly string[] {
    const connected = this.#sessions
      .connections(party)
      .flatMap((conn) => this.#sessions.stateOf(conn) ?? []);
    return connected.length > 0 ? connected : [this.#sessions.stateApart(party)];
  }

  // What comes of it.

  /** A sign of life: what happened to the server has been met. */
  #settle(party: Party, { event }: TraceEvent): void {
    // An answer that was on its way tells nothing of what happened since.
    if (event === 'sent') return;
    for (const { row, state } of this.#pendingAt(party).splice(0))
      this.#touch(party.face, row, state);
  }

  #attempt({ event, actor, face, conn }: TraceEvent, apart: string): void {
    this.reached.add(stateId(face!, apart));
    for (const { row, fault } of this.#faults.on(actor, face!)) {
      const listening = describedWire(fault)?.listening;
      if (event === 'refused' && listening === 'refuse') this.#touch(face!, row, apart);
      if (event === 'unanswered' && listening === 'black-hole') this.#touch(face!, row, apart);
      if (event === 'connect' && fault === 'reset' && conn !== undefined)
        this.#hintsOf(conn).resetOnAccept = { row, state: apart };
    }
  }

  #onConnection(event: TraceEvent, conn: number, before: string | undefined): void {
    const { actor, face } = event;
    const hints = this.#hintsOf(conn);
    const active = this.#faults.on(actor, face!, conn);
    const touch = (fault: string, state: string | undefined): void => {
      for (const { row } of active.filter((one) => one.fault === fault))
        if (state !== undefined) this.#touch(face!, row, state);
    };
    const byServer = event.fields['by'] === 'server';
    const now = this.#sessions.stateOf(conn);
    this.#vanish(event, hints);
    if (event.event !== 'reset' || !byServer) this.#striking = undefined;
    switch (event.event) {
      case 'swallowed':
        // A goodbye awaits nothing.
        if (!isAwaiting(now)) break;
        if (!hints.isVanished) touch('hang', now);
        else if (hints.vanished) this.#touch(face!, hints.vanished.row, now);
        break;
      case 'sent':
        hints.beforeSent = before;
        touch('duplicate', before);
        touch('slow', before);
        if (this.#skewed.has(actor) && isAwaiting(before)) this.#touch(face!, 'clock-skew', before);
        break;
      case 'garbled':
        touch('garbage', hints.beforeSent);
        break;
      case 'answer-lost':
        if (hints.lostAck !== undefined && now !== undefined)
          this.#touch(face!, hints.lostAck, now);
        else if (active.some(({ fault }) => fault === 'cut')) touch('cut', now);
        else touch('hang', now);
        hints.lostAck = undefined;
        break;
      case 'reset':
        if (byServer) this.#resetByServer(event, hints, before, touch);
        else if (isAwaiting(before)) touch('slow', before);
        break;
      case 'close':
        if (!byServer && isAwaiting(before)) touch('slow', before);
        break;
      default:
        if (ACCEPTANCES.has(event.event))
          hints.lostAck = active.find(({ fault }) => fault === 'lost-ack')?.row;
        for (const { fault } of active) if (tells(fault, event)) touch(fault, now);
    }
  }

  #vanish(event: TraceEvent, hints: Hints): void {
    const { vanished } = hints;
    if (!vanished) return;
    // The end of a killed client is no meeting.
    const isOver = event.event === 'close' || event.event === 'reset';
    const isMet = event.event === 'swallowed' || (isOver && this.#sessions.isAlive(event.from!));
    if (isMet) this.#touch(event.face!, vanished.row, vanished.state);
  }

  #resetByServer(
    { actor, face }: TraceEvent,
    hints: Hints,
    before: string | undefined,
    touch: (fault: string, state: string | undefined) => void,
  ): void {
    const { resetOnAccept } = hints;
    const striking = this.#striking;
    if (resetOnAccept && before === 'connected')
      this.#touch(face!, resetOnAccept.row, resetOnAccept.state);
    else if (striking && striking.server === actor && striking.faces.has(face!)) {
      if (before !== undefined) this.#touch(face!, striking.row, before);
    } else if (isAwaiting(before)) touch('reset-after-request', before);
  }

  #hintsOf(conn: number): Hints {
    let hints = this.#hints.get(conn);
    if (!hints) this.#hints.set(conn, (hints = {}));
    return hints;
  }

  #pendingAt(party: Party): Pending[] {
    const place = placeOf(party);
    let pending = this.#pending.get(place);
    if (!pending) this.#pending.set(place, (pending = []));
    return pending;
  }
}

/** Clients, and the faces that they turn to in the course of the trace. */
function partiesOf(events: readonly TraceEvent[]): readonly Party[] {
  const parties = new Map<string, Party>();
  for (const { actor: server, face, from: client } of events) {
    if (face === undefined || client === undefined) continue;
    const party = { client, server, face };
    parties.set(placeOf(party), party);
  }
  return [...parties.values()];
}
