// One look at a trace for the rules: who lived when, what was down when, who tried what, which records were offered.
import type { ClientPlan, Plan } from '../../case/plan.ts';
import { SECOND, type Nanos } from '../../clock/clock.ts';
import type { TraceEvent } from '../../trace/event.ts';
import { policyOf } from '../policy.ts';
import { firstAfter, type Indexed } from './arrival.ts';
import { type Attempt, attemptsOf } from './attempts.ts';
import { Downtimes } from './downtimes.ts';
import { type Life, livesOf } from './lives.ts';
import { type RecordAccount, recordsOf } from './records.ts';
import { type Run, runsOf } from './runs.ts';

export class View {
  readonly plan: Plan;
  /** Up to the end of the drain: what a client does while it is shut down is not judged. */
  readonly events: readonly TraceEvent[];
  /** When the play ended and the drain did; absent in a trace that was cut off before. */
  readonly endAt?: Nanos;
  readonly drainedAt?: Nanos;
  readonly downtimes: Downtimes;
  readonly attempts: readonly Attempt[];
  readonly #lives = new Map<string, readonly Life[]>();
  readonly #records = new Map<string, readonly RecordAccount[]>();
  readonly #byId = new Map<string, ReadonlyMap<string, RecordAccount>>();
  readonly #runs = new Map<string, readonly Run[]>();
  /** By client: what it did, and what was done with it at the servers. */
  readonly #own: ReadonlyMap<string, readonly Indexed[]>;
  readonly #known = new Map<string, unknown>();

  constructor(plan: Plan, events: readonly TraceEvent[]) {
    this.plan = plan;
    const drained = events.findIndex(({ event }) => event === 'drained');
    this.events = drained < 0 ? events : events.slice(0, drained);
    const endAt = events.find(({ event }) => event === 'end')?.at;
    if (endAt !== undefined) this.endAt = endAt;
    if (drained >= 0) this.drainedAt = events[drained]!.at;
    this.downtimes = new Downtimes(this.events, facesOf(plan));
    this.#own = this.#byClient();
    for (const { name } of plan.clients)
      this.#lives.set(name, livesOf(this.#eventsAround(name), name));
    const [only, second] = plan.clients;
    const plans = new Map(plan.clients.map((client) => [client.name, client]));
    const clientPlan = (client: string): ClientPlan | undefined => plans.get(client);
    this.attempts = attemptsOf(this.events, {
      ...(only && !second && { onlyClient: only.name }),
      lives: (client) => this.lives(client),
      connectTimeoutNs: (client) => clientPlan(client)?.connectTimeoutNs ?? 0n,
      attemptNs: (client) => attemptNs(clientPlan(client)),
    });
    for (const { name } of plan.clients) {
      const isOf = (event: TraceEvent): boolean => this.clientOf(event) === name;
      const records = recordsOf(this.around(name), isOf, name, this.lives(name));
      this.#records.set(name, records);
      this.#byId.set(name, new Map(records.map((account) => [account.record, account])));
      this.#runs.set(name, runsOf(this.#eventsAround(name), isOf, name, plan.forbidden));
    }
  }

  /** The last moment that the trace tells of. */
  get lastAt(): Nanos {
    return this.drainedAt ?? this.events.at(-1)?.at ?? 0n;
  }

  /** The client that an event of a server is of. */
  clientOf({ from, conn, face }: TraceEvent): string | undefined {
    const [only, second] = this.plan.clients;
    if (from !== undefined || second) return from;
    return conn !== undefined || face !== undefined ? only?.name : undefined;
  }

  lives(client: string): readonly Life[] {
    return this.#lives.get(client) ?? [];
  }

  records(client: string): readonly RecordAccount[] {
    return this.#records.get(client) ?? [];
  }

  record(client: string, id: string | undefined): RecordAccount | undefined {
    return id === undefined ? undefined : this.#byId.get(client)?.get(id);
  }

  runs(client: string): readonly Run[] {
    return this.#runs.get(client) ?? [];
  }

  /** What a client did, and its events at the servers, in their order. */
  around(client: string): readonly Indexed[] {
    return this.#own.get(client) ?? [];
  }

  /** What is made of this trace alone is made once: traces are long, and rules many. */
  once<T>(key: string, make: () => T): T {
    if (!this.#known.has(key)) this.#known.set(key, make());
    return this.#known.get(key) as T;
  }

  /** All attempts of a client. */
  attemptsBy(client: string): readonly Attempt[] {
    const all = this.once('attempts', () => grouped(this.attempts, (attempt) => attempt.client));
    return all.get(client) ?? [];
  }

  /** The connection of a client on which an event is, and its place among the events there. */
  connectionAt(
    client: string,
    index: number,
  ): { readonly connection: readonly Indexed[]; readonly position: number } | undefined {
    const byConn = this.once(`connections ${client}`, () => {
      const first = new Map<number | undefined, Attempt>();
      for (const attempt of this.attemptsBy(client)) {
        const { conn } = attempt.events[0]!.event;
        if (!first.has(conn)) first.set(conn, attempt);
      }
      return first;
    });
    const conn = this.events[index]?.conn;
    const connection = conn === undefined ? undefined : byConn.get(conn)?.events;
    if (!connection) return undefined;
    const position = firstAfter(connection, index - 1);
    return connection[position]?.index === index ? { connection, position } : undefined;
  }

  /** The attempts of a client on one face, of all servers or of one. */
  attemptsOn(client: string, face: string, server?: string): readonly Attempt[] {
    return this.once(`attempts ${JSON.stringify([client, face, server])}`, () =>
      this.attemptsBy(client).filter(
        (attempt) => attempt.face === face && (server === undefined || attempt.server === server),
      ),
    );
  }

  /** Events of one client at the servers, with their places. */
  eventsOf(client: string, ...names: readonly string[]): readonly Indexed[] {
    return this.once(`events ${JSON.stringify([client, ...names])}`, () =>
      this.around(client).filter(
        ({ event }) => names.includes(event.event) && this.clientOf(event) === client,
      ),
    );
  }

  /** Longest time that a client may take to go through its servers once, when it never waits. */
  passNs({ connectTimeoutNs, answerTimeoutNs }: ClientPlan): Nanos {
    const servers = BigInt(this.plan.servers.length);
    return servers * 2n * (connectTimeoutNs + answerTimeoutNs) + 5n * SECOND;
  }

  #eventsAround(client: string): readonly TraceEvent[] {
    return this.around(client).map(({ event }) => event);
  }

  #byClient(): ReadonlyMap<string, readonly Indexed[]> {
    const own = new Map<string, Indexed[]>(this.plan.clients.map(({ name }) => [name, []]));
    for (const [index, event] of this.events.entries()) {
      const indexed = { index, event };
      const client = this.clientOf(event);
      own.get(event.actor)?.push(indexed);
      if (client !== undefined && client !== event.actor) own.get(client)?.push(indexed);
    }
    return own;
  }
}

export function grouped<T>(
  all: readonly T[],
  keyOf: (one: T) => string,
): ReadonlyMap<string, readonly T[]> {
  const groups = new Map<string, T[]>();
  for (const one of all) {
    const key = keyOf(one);
    const group = groups.get(key);
    if (group) group.push(one);
    else groups.set(key, [one]);
  }
  return groups;
}

/** All rules look at one trace: what they see of it is worked out once. */
const views = new WeakMap<readonly TraceEvent[], View>();

export function viewOf(plan: Plan, events: readonly TraceEvent[]): View {
  const known = views.get(events);
  if (known?.plan === plan) return known;
  const view = new View(plan, events);
  views.set(events, view);
  return view;
}

function facesOf({ clients, servers, policy }: Plan): readonly string[] {
  return clients.flatMap((client) => {
    const { acquire, upload } = policyOf(client, servers, policy);
    return acquire ? [acquire.face, upload.face] : [upload.face];
  });
}

/** Connect, say hello, ask: each may take its time-out. */
function attemptNs(client: ClientPlan | undefined): Nanos {
  return client ? client.connectTimeoutNs + 2n * client.answerTimeoutNs + 5n * SECOND : 0n;
}
