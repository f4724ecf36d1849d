// Who the clients of a recording are: as they say themselves, else by their addresses.

/** Connections whose clients are remembered by name; those beyond are called by their addresses. */
const MAX_NAMED = 1_000_000;

export class ClientNames {
  /** By the number of the connection. */
  readonly #told = new Map<number, string>();
  /** All names of an address; undefined: several. */
  readonly #behind = new Map<string, string | undefined>();

  /** The client of that connection, which came from `address`, has said its name. */
  told(conn: number, address: string, name: string): void {
    if (this.#told.size >= MAX_NAMED) return;
    this.#told.set(conn, name);
    const before = this.#behind.get(address);
    const isFirst = !this.#behind.has(address);
    this.#behind.set(address, isFirst || before === name ? name : undefined);
  }

  /** Of a connection, or of a failed attempt, which has none. */
  of(address: string, conn: number | undefined): string {
    const told = conn === undefined ? undefined : this.#told.get(conn);
    return told ?? this.#behind.get(address) ?? address;
  }

  /** Addresses behind which several clients are. */
  get shared(): readonly string[] {
    return [...this.#behind].flatMap(([address, name]) => (name === undefined ? address : []));
  }

  get isEmpty(): boolean {
    return this.#told.size === 0;
  }
}
