// One look at a trace for the rules: who lived when, what was down when, who tried what, which records were offered.
import type { ClientPlan, Plan } from '../../case/plan.ts';
import { SECOND, type Nanos } from '../../clock/clock.ts';
import type { TraceEvent } from '../../trace/event.ts';
import { policyOf } from '../policy.ts';
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

  constructor(plan: Plan, events: readonly TraceEvent[]) {
    this.plan = plan;
    const drained = events.findIndex(({ event }) => event === 'drained');
    this.events = drained < 0 ? events : events.slice(0, drained);
    const endAt = events.find(({ event }) => event === 'end')?.at;
    if (endAt !== undefined) this.endAt = endAt;
    if (drained >= 0) this.drainedAt = events[drained]!.at;
    this.downtimes = new Downtimes(this.events, facesOf(plan));
    for (const { name } of plan.clients) this.#lives.set(name, livesOf(this.events, name));
    const [only, second] = plan.clients;
    const clientPlan = (client: string): ClientPlan | undefined =>
      plan.clients.find(({ name }) => name === client);
    this.attempts = attemptsOf(this.events, {
      ...(only && !second && { onlyClient: only.name }),
      lives: (client) => this.lives(client),
      connectTimeoutNs: (client) => clientPlan(client)?.connectTimeoutNs ?? 0n,
      attemptNs: (client) => attemptNs(clientPlan(client)),
    });
    for (const { name } of plan.clients) {
      const isOf = (event: TraceEvent): boolean => this.clientOf(event) === name;
      const records = recordsOf(this.events, isOf, name, this.lives(name));
      this.#records.set(name, records);
      this.#byId.set(name, new Map(records.map((account) => [account.record, account])));
      this.#runs.set(name, runsOf(this.events, isOf, name, plan.forbidden));
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

  /** The attempts of a client on one face, of all servers or of one. */
  attemptsOn(client: string, face: string, server?: string): readonly Attempt[] {
    return this.attempts.filter(
      (attempt) =>
        attempt.client === client &&
        attempt.face === face &&
        (server === undefined || attempt.server === server),
    );
  }

  /** Events of one client at the servers, with their places. */
  eventsOf(
    client: string,
    ...names: readonly string[]
  ): readonly { index: number; event: TraceEvent }[] {
    return this.events.flatMap((event, index) =>
      names.includes(event.event) && this.clientOf(event) === client ? [{ index, event }] : [],
    );
  }

  /** Longest time that a client may take to go through its servers once, when it never waits. */
  passNs({ connectTimeoutNs, answerTimeoutNs }: ClientPlan): Nanos {
    const servers = BigInt(this.plan.servers.length);
    return servers * 2n * (connectTimeoutNs + answerTimeoutNs) + 5n * SECOND;
  }
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
