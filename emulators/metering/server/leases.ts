/** Why a licence is denied, as the pipe protocol says it. */
export type DenialReason = 'no-seat' | 'forbidden' | 'no-permission';

export interface Lease {
  /** `alpha-1`: server and a counter, so that the same play gives the same names. */
  readonly lease: string;
  /** The client's name as it said hello. */
  readonly client: string;
  /** As the client wrote it. */
  readonly program: string;
}

export type LeaseAnswer = { readonly lease: Lease } | { readonly why: DenialReason };

export interface LeaseRules {
  readonly server: string;
  /** Seats per program; a program that is not listed has no limit. */
  readonly seats: Readonly<Record<string, number>>;
  readonly forbidden: readonly string[];
  /** Users who may run a program; a program that is not listed may be run by all. */
  readonly permitted: Readonly<Record<string, readonly string[]>>;
}

export interface Wish {
  readonly client: string;
  readonly user: string;
  readonly program: string;
  readonly originalName: string;
}

interface HeldLease extends Lease {
  /** The program whose seat it takes; absent where there is no limit. */
  readonly product: string | undefined;
}

/** As many as one live-status message can name. */
export const MAX_LEASES_PER_CLIENT = 512;
const MAX_LEASES = 65_536;
/** Ended leases that are remembered, so that a late release can be told by its program. */
const MAX_ENDED = 1024;

/** Seats and who sits on them. Names of programs and users are compared without regard to case. */
export class Leases {
  readonly #server: string;
  readonly #seats: ReadonlyMap<string, number>;
  readonly #forbidden: ReadonlySet<string>;
  readonly #permitted: ReadonlyMap<string, ReadonlySet<string>>;
  readonly #held = new Map<string, HeldLease>();
  /** Leases of a client by the program as it was started. */
  readonly #byClient = new Map<string, Map<string, HeldLease>>();
  readonly #takenSeats = new Map<string, number>();
  readonly #ended = new Map<string, Lease>();
  #lastNumber = 0;

  constructor({ server, seats, forbidden, permitted }: LeaseRules) {
    this.#server = server;
    this.#seats = new Map(Object.entries(seats).map(([name, count]) => [fold(name), count]));
    this.#forbidden = new Set(forbidden.map(fold));
    this.#permitted = new Map(
      Object.entries(permitted).map(([name, users]) => [fold(name), new Set(users.map(fold))]),
    );
  }

  /** A client runs a program once: asked again, the server answers with the lease that the client has. */
  request(wish: Wish): LeaseAnswer {
    // A renamed program is known by its original name (Q250976).
    const names = [fold(wish.program), fold(wish.originalName)];
    if (names.some((name) => this.#forbidden.has(name))) return { why: 'forbidden' };
    if (names.some((name) => this.#permitted.get(name)?.has(fold(wish.user)) === false))
      return { why: 'no-permission' };

    const own = this.#byClient.get(wish.client) ?? new Map<string, HeldLease>();
    const before = own.get(fold(wish.program));
    if (before) return { lease: before };

    const product = names.find((name) => this.#seats.has(name));
    const full = own.size >= MAX_LEASES_PER_CLIENT || this.#held.size >= MAX_LEASES;
    if (full || (product !== undefined && this.#freeSeats(product) <= 0)) return { why: 'no-seat' };

    const { client, program } = wish;
    const lease = { lease: `${this.#server}-${++this.#lastNumber}`, client, program, product };
    this.#held.set(lease.lease, lease);
    this.#byClient.set(client, own.set(fold(program), lease));
    this.#takeSeats(product, 1);
    return { lease };
  }

  /** Those of `leases` that this client holds, each once. */
  known(client: string, leases: readonly string[]): string[] {
    return [...new Set(leases)].filter((lease) => this.#held.get(lease)?.client === client);
  }

  holdings(client: string): readonly Lease[] {
    return [...(this.#byClient.get(client)?.values() ?? [])];
  }

  /**
   * Frees the seat, where that client holds it. Returns the lease, also when it ended not long ago;
   * undefined for one that this client never had.
   */
  release(client: string, lease: string): Lease | undefined {
    const held = this.#held.get(lease);
    if (held?.client === client) return this.#end(held);
    const ended = this.#ended.get(lease);
    return ended?.client === client ? ended : undefined;
  }

  #end(lease: HeldLease): Lease {
    this.#held.delete(lease.lease);
    const own = this.#byClient.get(lease.client);
    own?.delete(fold(lease.program));
    if (own?.size === 0) this.#byClient.delete(lease.client);
    this.#takeSeats(lease.product, -1);
    this.#ended.set(lease.lease, lease);
    const [oldest] = this.#ended.keys();
    if (oldest !== undefined && this.#ended.size > MAX_ENDED) this.#ended.delete(oldest);
    return lease;
  }

  #freeSeats(product: string): number {
    return (this.#seats.get(product) ?? Infinity) - (this.#takenSeats.get(product) ?? 0);
  }

  #takeSeats(product: string | undefined, count: number): void {
    if (product !== undefined)
      this.#takenSeats.set(product, (this.#takenSeats.get(product) ?? 0) + count);
  }
}

function fold(name: string): string {
  return name.toLowerCase();
}
