// Licences in pools, and the nodes that have leases on them.
import type { Host } from '../emulator.ts';

export interface Lease {
  /** `alpha-1`, which is also the key of the licence: server and a counter, so that the same play gives the same names. */
  readonly lease: string;
  readonly node: string;
  readonly pool: string;
  /** The harness's name for the client, by its address. */
  readonly client: string;
}

export type Claim =
  | { readonly kind: 'created' | 'extended'; readonly lease: Lease }
  | { readonly kind: 'none-free' | 'conflict' | 'bad-pool' };

interface Held extends Lease {
  cancel: () => void;
}

export interface PoolsOptions {
  /** Licences per pool; a pool that is not listed has no limit. */
  readonly seats: Readonly<Record<string, number>>;
  /** Pools that do not exist. */
  readonly absent: readonly string[];
  /** Without a heartbeat for that long a lease is over, at the next cull. */
  readonly ttlMs: number;
}

/** Leases that ran out are taken back by a sweep at this interval, not at once. */
export const CULL_INTERVAL_MS = 15_000;
const MAX_LEASES = 65_536;
/** Ended leases that are remembered, so that a late release can be told by its name. */
const MAX_ENDED = 1024;

/** One node has at most one lease, whatever the pool. */
export class Pools {
  readonly #host: Host;
  readonly #options: PoolsOptions;
  readonly #seats: Map<string, number>;
  /** By node, the oldest lease first. */
  readonly #held = new Map<string, Held>();
  readonly #ended = new Map<string, Lease>();
  /** Nodes that were told last, of a pool, that they have a lease; the oldest first. */
  readonly #believing = new Set<string>();
  /** Licences of a pool that are out. */
  readonly #taken = new Map<string, number>();
  readonly #bornMs: number;
  #lastNumber = 0;

  constructor(host: Host, options: PoolsOptions) {
    this.#host = host;
    this.#options = options;
    this.#seats = new Map(Object.entries(options.seats));
    this.#bornMs = host.wallMs();
  }

  has(pool: string): boolean {
    return !this.#options.absent.includes(pool);
  }

  /** The lease of a node, in whichever pool. */
  leaseOf(node: string): Lease | undefined {
    return this.#held.get(node);
  }

  /** Whether the node has reason to believe that it has a lease: one that has run out since is believed in too. */
  believes(node: string, pool: string): boolean {
    return this.#believing.has(`${node} ${pool}`);
  }

  /** The node is told that it has a lease, or that it has none. */
  tell(node: string, pool: string, isHeld: boolean): void {
    const key = `${node} ${pool}`;
    this.#believing.delete(key);
    if (isHeld) this.#believing.add(key);
    const [oldest] = this.#believing;
    if (oldest !== undefined && this.#believing.size > MAX_LEASES) this.#believing.delete(oldest);
  }

  claim(node: string, pool: string, client: string): Claim {
    if (!this.has(pool)) return { kind: 'bad-pool' };
    const held = this.#held.get(node);
    if (held?.pool === pool) {
      this.#expect(held);
      return { kind: 'extended', lease: held };
    }
    if (this.#held.size >= MAX_LEASES || this.#free(pool) <= 0) return { kind: 'none-free' };
    if (held) return { kind: 'conflict' };
    const lease = `${this.#host.server}-${++this.#lastNumber}`;
    const made: Held = { lease, node, pool, client, cancel: () => {} };
    this.#held.set(node, made);
    this.#take(pool, 1);
    this.#expect(made);
    return { kind: 'created', lease: made };
  }

  /** `ended`: the node has none any more, but had this one not long ago; undefined: it never had. */
  release(
    node: string,
    pool: string,
  ): { readonly lease: Lease; readonly ended: boolean } | undefined {
    const held = this.#held.get(node);
    if (held?.pool === pool) {
      this.#end(held);
      return { lease: held, ended: false };
    }
    const lease = this.#ended.get(`${node} ${pool}`);
    return lease && { lease, ended: true };
  }

  /** From now on the pool has so many licences; the latest leases beyond that are over. */
  setSeats(pool: string, seats: number): void {
    this.#seats.set(pool, seats);
    const inPool = [...this.#held.values()].filter((held) => held.pool === pool);
    for (const held of inPool.slice(seats).toReversed()) this.#reclaim(held);
  }

  /** Nobody holds anything any more. Names of leases are not given again. */
  forget(): void {
    for (const held of this.#held.values()) held.cancel();
    this.#held.clear();
    this.#ended.clear();
    this.#taken.clear();
  }

  #free(pool: string): number {
    return (this.#seats.get(pool) ?? Infinity) - (this.#taken.get(pool) ?? 0);
  }

  #take(pool: string, count: number): void {
    const taken = (this.#taken.get(pool) ?? 0) + count;
    if (taken > 0) this.#taken.set(pool, taken);
    else this.#taken.delete(pool);
  }

  /** Waits for the next heartbeat, and beyond that for the next cull: until then a late one still counts. */
  #expect(held: Held): void {
    held.cancel();
    held.cancel = this.#host.after(this.#options.ttlMs, () => {
      const intoIntervalMs = (this.#host.wallMs() - this.#bornMs) % CULL_INTERVAL_MS;
      // A clock that was set back before the birth of the server gives a negative rest.
      const delayMs = (CULL_INTERVAL_MS - intoIntervalMs) % CULL_INTERVAL_MS;
      held.cancel = this.#host.after(delayMs, () => this.#reclaim(held));
    });
  }

  #reclaim(held: Held): void {
    this.#end(held);
    const { lease, pool: program, client } = held;
    this.#host.note('pipe', client, { event: 'lease-reclaim', fields: { lease, program } });
  }

  #end(held: Held): void {
    held.cancel();
    this.#held.delete(held.node);
    this.#take(held.pool, -1);
    const key = `${held.node} ${held.pool}`;
    this.#ended.delete(key);
    this.#ended.set(key, held);
    const [oldest] = this.#ended.keys();
    if (oldest !== undefined && this.#ended.size > MAX_ENDED) this.#ended.delete(oldest);
  }
}
