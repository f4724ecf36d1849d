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

/** A denial that no free seat changes. */
export type Prohibition = Exclude<DenialReason, 'no-seat'>;

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
  product: string | undefined;
  readonly originalName: string;
}

/** As many as one live-status message can name. */
export const MAX_LEASES_PER_CLIENT = 512;
const MAX_LEASES = 65_536;
/** Ended leases that are remembered, so that a late release can be told by its program. */
const MAX_ENDED = 1024;

/** Seats and who sits on them. Names of programs and users are compared without regard to case. */
export class Leases {
  readonly #server: string;
  readonly #seats: Map<string, number>;
  readonly #forbidden: ReadonlySet<string>;
  readonly #permitted: ReadonlyMap<string, ReadonlySet<string>>;
  readonly #held = new Map<string, HeldLease>();
  /** Leases of a client by the program as it was started. */
  readonly #byClient = new Map<string, Map<string, HeldLease>>();
  readonly #takenSeats = new Map<string, number>();
  /** Seats that are kept free, by product, for the clients that were called back. */
  readonly #reserved = new Map<string, Set<string>>();
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
    const why = this.prohibition(wish);
    if (why !== undefined) return { why };
    const own = this.#byClient.get(wish.client) ?? new Map<string, HeldLease>();
    const before = own.get(fold(wish.program));
    if (before) return { lease: before };

    const { client, program } = wish;
    const product = this.#productOf(wish);
    const full = own.size >= MAX_LEASES_PER_CLIENT || this.#held.size >= MAX_LEASES;
    if (full || !this.isFree(wish)) return { why: 'no-seat' };

    const lease: HeldLease = {
      lease: `${this.#server}-${++this.#lastNumber}`,
      client,
      program,
      originalName: wish.originalName,
      product,
    };
    this.#held.set(lease.lease, lease);
    this.#byClient.set(client, own.set(fold(program), lease));
    this.#takeSeats(product, 1);
    return { lease };
  }

  /** Whether the program is denied to that client whatever seats are free. */
  prohibition(wish: Wish): Prohibition | undefined {
    const names = namesOf(wish);
    if (names.some((name) => this.#forbidden.has(name))) return 'forbidden';
    if (names.some((name) => this.#permitted.get(name)?.has(fold(wish.user)) === false))
      return 'no-permission';
    return undefined;
  }

  /** Whether there is a seat for that client. */
  isFree(wish: Wish): boolean {
    const product = this.#productOf(wish);
    if (product === undefined) return true;
    const others = [...(this.#reserved.get(product) ?? [])].filter(
      (client) => client !== wish.client,
    );
    return this.#freeSeats(product) - others.length > 0;
  }

  /** Keeps a seat for that client; the result gives it up again. */
  reserve(wish: Wish): () => void {
    const product = this.#productOf(wish);
    if (product === undefined) return () => {};
    const clients = this.#reserved.get(product) ?? new Set<string>();
    this.#reserved.set(product, clients.add(wish.client));
    return () => void clients.delete(wish.client);
  }

  /**
   * Changes the seats of a program. Where there are more leases than seats, the latest are ended but for those that
   * `spares` names; returns the ended ones.
   */
  setSeats(program: string, seats: number, spares: (lease: string) => boolean): readonly Lease[] {
    const product = fold(program);
    this.#seats.set(product, seats);
    // Those that were granted while there was no limit take a seat now.
    const holders = [...this.#held.values()].filter((held) => namesOf(held).includes(product));
    for (const held of holders)
      if (held.product === undefined) {
        held.product = product;
        this.#takeSeats(product, 1);
      }
    const ended: Lease[] = [];
    for (const held of holders.toReversed())
      if (this.#freeSeats(product) < 0 && held.product === product && !spares(held.lease))
        ended.push(this.#end(held));
    return ended;
  }

  /** Nobody holds anything any more. Names of leases are not given again. */
  forget(): void {
    this.#held.clear();
    this.#byClient.clear();
    this.#takenSeats.clear();
    this.#reserved.clear();
    this.#ended.clear();
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

  /** The program whose seats are counted; undefined where there is no limit. */
  #productOf(wish: Pick<Wish, 'program' | 'originalName'>): string | undefined {
    return namesOf(wish).find((name) => this.#seats.has(name));
  }

  #freeSeats(product: string): number {
    return (this.#seats.get(product) ?? Infinity) - (this.#takenSeats.get(product) ?? 0);
  }

  #takeSeats(product: string | undefined, count: number): void {
    if (product !== undefined)
      this.#takenSeats.set(product, (this.#takenSeats.get(product) ?? 0) + count);
  }
}

/** A renamed program is known by its original name (Q250976). */
function namesOf({ program, originalName }: Pick<Wish, 'program' | 'originalName'>): string[] {
  return [fold(program), fold(originalName)];
}

function fold(name: string): string {
  return name.toLowerCase();
}
