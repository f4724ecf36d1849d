// The first way through a capture: who is who, and which attempts were never answered. Both are known only later in the
// file than they are needed.
import type { SessionDecoders } from '../../../emulators/emulator.ts';
import { SessionTrace } from '../decode.ts';
import type { ConnectionListener } from './connection.ts';

/** What is kept of single connections. */
const MAX_KEPT = 200_000;
const MAX_NAMES_PER_ADDRESS = 64;

export class Survey {
  /** Names that the capture itself gives to addresses. */
  readonly names = new Map<string, string>();
  /** Offsets of the SYNs that were never answered. */
  readonly #unanswered = new Set<number>();
  /** Who clients say that they are, by address. */
  readonly #identities = new Map<string, Set<string>>();
  /** The same for single connections, by the offset of their first packet. */
  readonly #byConnection = new Map<number, string>();

  named(address: string, name: string): void {
    if (this.names.size < MAX_KEPT) this.names.set(address, name);
  }

  isUnanswered(offset: number): boolean {
    return this.#unanswered.has(offset);
  }

  /**
   * What a client is called: as it says itself, else as the capture says, else by its address. Of several behind one
   * address, only the connections that tell have a name of their own.
   */
  clientName(address: string, offset: number): string {
    const [only, second] = this.#identities.get(address) ?? [];
    const name = second === undefined ? only : this.#byConnection.get(offset);
    return name ?? this.names.get(address) ?? address;
  }

  /** Addresses behind which several clients are, with their names. */
  shared(): readonly (readonly [address: string, names: readonly string[]])[] {
    return [...this.#identities]
      .filter(([, names]) => names.size > 1)
      .map(([address, names]) => [address, [...names].toSorted()] as const);
  }

  /** Listens to one connection on the first way through. */
  listener(
    client: string,
    place: { readonly server: string; readonly face: string },
    offset: number,
    decoders: SessionDecoders | undefined,
  ): ConnectionListener {
    const { server, face } = place;
    const trace = new SessionTrace(
      { actor: server, face, conn: 1 },
      decoders?.(server, face),
      () => {},
    );
    const learn = (): void => this.#identify(client, offset, trace.identity);
    return {
      attempt: () => {},
      connect: () => {},
      refused: () => {},
      unanswered: () => {
        if (this.#unanswered.size < MAX_KEPT) this.#unanswered.add(offset);
      },
      middle: () => {
        trace.gap('client', 'began-before');
        trace.gap('server', 'began-before');
      },
      data: (side, bytes) => {
        // The rest of what a known client says is of no interest here.
        if (side === 'client' && trace.identity === undefined) {
          trace.received(bytes);
          learn();
        }
      },
      gap: (side, why, length) => {
        if (side === 'client') trace.gap(side, why, length);
      },
      close: () => {},
      reset: () => {},
      end: () => trace.end(),
    };
  }

  #identify(client: string, offset: number, identity: string | undefined): void {
    if (identity === undefined) return;
    const names = this.#identities.get(client) ?? new Set<string>();
    if (names.size < MAX_NAMES_PER_ADDRESS && this.#identities.size < MAX_KEPT) {
      names.add(identity);
      this.#identities.set(client, names);
    }
    if (this.#byConnection.size < MAX_KEPT) this.#byConnection.set(offset, identity);
  }
}
