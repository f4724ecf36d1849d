import type { Dialect, SessionDecoder, SessionDecoders } from '../../emulators/emulator.ts';
import type { TraceEvent } from '../trace/event.ts';
import { SEMANTIC_EVENTS } from '../trace/vocabulary.ts';
import { isRequest, UNKNOWN_REQUEST } from './states.ts';

/** A client and one face of a server. */
export interface Party {
  readonly client: string;
  readonly server: string;
  readonly face: string;
}

/** What the two know of each other. */
interface Relation {
  readonly client: string;
  /** Leases that the client has from there, as far as server and client have told each other. */
  readonly leases: Set<string>;
  /** Leases that the server has forgotten: the client has yet to hear of it. */
  readonly forgotten: Set<string>;
  awaitsCallback: boolean;
  /** The run of the client, counted from 1, in which it was last answered there. */
  answeredRun: number;
}

interface Session {
  readonly relation: Relation;
  readonly place: string;
  readonly decoder: SessionDecoder | undefined;
  /** The word of the request that waits for its answer. */
  awaited: string | undefined;
  /** A part of that answer has left. */
  isHalf: boolean;
  /** A whole answer has left. */
  isAnswered: boolean;
  /** A callback is on its way. */
  isPushing: boolean;
}

interface Process {
  run: number;
  alive: boolean;
}

/** Follows a trace, and knows at each of its events what clients and faces are to each other. */
export class Sessions {
  readonly #decoders: SessionDecoders | undefined;
  readonly #processes = new Map<string, Process>();
  readonly #relations = new Map<string, Relation>();
  readonly #open = new Map<number, Session>();

  constructor(dialect: Dialect) {
    this.#decoders = dialect.decoders?.();
  }

  isAlive(client: string): boolean {
    return this.#processes.get(client)?.alive !== false;
  }

  /** Numbers of the connections that a client has to a face now. */
  connections(party: Party): readonly number[] {
    const place = placeOf(party);
    return [...this.#open].flatMap(([number, session]) => (session.place === place ? number : []));
  }

  /** The state of a connection; undefined when it is over. */
  stateOf(conn: number | undefined): string | undefined {
    const session = conn === undefined ? undefined : this.#open.get(conn);
    if (!session) return undefined;
    const { awaited, isHalf, isAnswered, relation } = session;
    if (awaited === 'configuration' && isHalf) return 'configuration-half';
    if (awaited !== undefined) return awaited;
    if (!isAnswered) return 'connected';
    if (relation.awaitsCallback) return 'callback-awaited';
    return relation.leases.size > 0 ? 'idle-leased' : 'idle';
  }

  /** What a client without a connection is to a face. */
  stateApart(party: Party): string {
    const { run, alive } = this.#process(party.client);
    const { leases, answeredRun } = this.#relation(party);
    if ((!alive && run > 0) || (run > 1 && answeredRun !== run)) return 'restarted';
    return leases.size > 0 ? 'apart-leased' : 'apart';
  }

  follow(event: TraceEvent): void {
    const { actor, face, from, conn } = event;
    if (event.event === 'start') {
      const process = this.#process(actor);
      process.run++;
      process.alive = true;
    } else if (event.event === 'kill' || event.event === 'exit') {
      this.#process(actor).alive = false;
    } else if (event.event === 'restart' && event.fields['state'] === 'lost') {
      this.#forget(actor);
    }
    if (face === undefined || from === undefined) return;
    const party = { client: from, server: actor, face };
    if (conn === undefined) return keepLeases(this.#relation(party), event);
    if (event.event === 'connect') this.#connect(conn, party);
    const session = this.#open.get(conn);
    if (session) this.#step(conn, session, event);
  }

  #connect(conn: number, party: Party): void {
    this.#open.set(conn, {
      relation: this.#relation(party),
      place: placeOf(party),
      decoder: this.#decoders?.(party.server, party.face),
      awaited: undefined,
      isHalf: false,
      isAnswered: false,
      isPushing: false,
    });
  }

  #step(conn: number, session: Session, event: TraceEvent): void {
    switch (event.event) {
      case 'received':
      case 'swallowed':
        session.awaited = asked(session, event);
        break;
      case 'sent':
        this.#sent(session, event);
        break;
      case 'close':
      case 'reset':
        this.#open.delete(conn);
        break;
      default:
        if (Object.hasOwn(SEMANTIC_EVENTS, event.event)) noted(session, event);
    }
  }

  #sent(session: Session, event: TraceEvent): void {
    const { relation, awaited } = session;
    const next = answered(session, event);
    session.isHalf = next !== undefined && next === awaited;
    session.awaited = next;
    if (!session.isHalf) session.isAnswered = true;
    if (session.isPushing) relation.awaitsCallback = false;
    session.isPushing = false;
    relation.answeredRun = this.#process(relation.client).run;
  }

  #forget(server: string): void {
    for (const [place, { leases, forgotten }] of this.#relations)
      if (isAt(place, server)) for (const lease of leases) forgotten.add(lease);
  }

  #process(client: string): Process {
    let process = this.#processes.get(client);
    if (!process) this.#processes.set(client, (process = { run: 0, alive: false }));
    return process;
  }

  #relation(party: Party): Relation {
    const place = placeOf(party);
    let relation = this.#relations.get(place);
    if (!relation) {
      relation = {
        client: party.client,
        leases: new Set(),
        forgotten: new Set(),
        awaitsCallback: false,
        answeredRun: 0,
      };
      this.#relations.set(place, relation);
    }
    return relation;
  }
}

/** What is awaited once these bytes have come from the client. */
function asked({ decoder, awaited }: Session, { bytes, fields }: TraceEvent): string | undefined {
  if (bytes !== undefined) decoder?.client(Buffer.from(bytes, 'base64'));
  else if (Number(fields['length']) > 0) decoder?.gap('client');
  return follows(decoder) ? decoder.awaited() : (awaited ?? UNKNOWN_REQUEST);
}

/** What is still awaited once these bytes have gone to the client. */
function answered({ decoder }: Session, { bytes, fields }: TraceEvent): string | undefined {
  if (bytes !== undefined) decoder?.server(Buffer.from(bytes, 'base64'));
  else if (Number(fields['length']) > 0) decoder?.gap('server');
  return follows(decoder) ? decoder.awaited() : undefined;
}

function follows(
  decoder: SessionDecoder | undefined,
): decoder is SessionDecoder & Required<Pick<SessionDecoder, 'awaited'>> {
  return decoder?.awaited !== undefined && decoder.opaque === undefined;
}

function noted(session: Session, event: TraceEvent): void {
  const { relation } = session;
  // They talk again: what the server has forgotten, the client learns now.
  for (const lease of relation.forgotten) relation.leases.delete(lease);
  relation.forgotten.clear();
  if (session.awaited === UNKNOWN_REQUEST && isRequest(event.event)) session.awaited = event.event;
  const isAboutCallback = session.awaited === 'callback-request';
  switch (event.event) {
    case 'callback-request':
      relation.awaitsCallback = true;
      break;
    case 'lease-deny':
    case 'busy':
      if (isAboutCallback) relation.awaitsCallback = false;
      break;
    case 'lease-grant':
      relation.awaitsCallback = false;
      break;
    case 'callback':
      session.isPushing = true;
  }
  keepLeases(relation, event);
}

function keepLeases({ leases }: Relation, { event, fields }: TraceEvent): void {
  const lease = fields['lease'] === undefined ? undefined : String(fields['lease']);
  if (lease === undefined) return;
  if (event === 'lease-grant' || event === 'lease-checkout') leases.add(lease);
  else if (['lease-release', 'lease-reclaim', 'lease-checkin'].includes(event))
    leases.delete(lease);
}

/** A key for maps. */
export function placeOf({ client, server, face }: Party): string {
  return JSON.stringify([server, face, client]);
}

function isAt(place: string, server: string): boolean {
  return place.startsWith(`[${JSON.stringify(server)},`);
}
