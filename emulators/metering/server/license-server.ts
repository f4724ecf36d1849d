import type { AnswerFault, Host, ServerCommand, ServerSetup } from '../../emulator.ts';
import { Callbacks, type Push } from './callbacks.ts';
import { configurationText } from './configuration.ts';
import { Inbox } from './inbox.ts';
import { Leases, type Lease, type LeaseAnswer, type Prohibition, type Wish } from './leases.ts';

interface LivingClient {
  /** The harness's name for it, by its address. */
  readonly address: string;
  readonly cancel: () => void;
}

/** Longest time for which a licence is checked out: a client that asks for more gets this. */
export const MAX_CHECK_OUT_MS = 30 * 24 * 3_600_000;
/** The field's server set these site-wide; their defaults are not known. */
const CALLBACK_TIMES = { graceMs: 5 * 60_000, requestMs: 8 * 3_600_000 };

/** What one license server keeps, whichever face is asked. */
export class LicenseServer {
  readonly #host: Host;
  readonly #setup: ServerSetup;
  #configurationText: string | undefined;
  readonly #leases: Leases;
  readonly #callbacks: Callbacks;
  readonly #timedOutAfterMs: number;
  /** Clients that hold leases, by the name in their hello. */
  readonly #living = new Map<string, LivingClient>();
  /** Ends the time of each checked-out lease. */
  readonly #checkedOut = new Map<string, () => void>();
  #inbox = new Inbox();

  constructor(host: Host, setup: ServerSetup) {
    const { seats, forbidden, permitted = {}, configuration } = setup;
    this.#host = host;
    this.#setup = setup;
    this.#leases = new Leases({ server: host.server, seats, forbidden, permitted });
    this.#callbacks = new Callbacks(
      (delayMs, action) => host.after(delayMs, action),
      this.#leases,
      { ...CALLBACK_TIMES, ...(setup.callbackGraceMs && { graceMs: setup.callbackGraceMs }) },
    );
    this.#timedOutAfterMs = configuration.timedOutAfterMs;
  }

  get configurationVersion(): number {
    return this.#setup.configuration.version;
  }

  /** Made when it is first asked for: it may have megabytes, and most servers are never asked. */
  get configurationText(): string {
    return (this.#configurationText ??= configurationText(this.#setup));
  }

  get inbox(): Inbox {
    return this.#inbox;
  }

  wallMs(): number {
    return this.#host.wallMs();
  }

  fault(face: string, names: readonly string[]): AnswerFault | undefined {
    return this.#host.answerFault(face, names);
  }

  request(wish: Wish): LeaseAnswer {
    const answer = this.#leases.request(wish);
    if ('lease' in answer) this.#callbacks.settle(wish.client, wish.program);
    return answer;
  }

  /** Grants a licence that may be used away from the network for `durationMs`; then it is checked in by itself. */
  checkOut(wish: Wish, address: string, durationMs: number): LeaseAnswer {
    const answer = this.request(wish);
    if ('lease' in answer) this.#timeCheckOut(answer.lease, address, durationMs);
    return answer;
  }

  #timeCheckOut({ client, lease, program }: Lease, address: string, durationMs: number): void {
    this.#checkedOut.get(lease)?.();
    const cancel = this.#host.after(durationMs, () => {
      this.release(client, lease);
      const fields = { lease, program, by: 'server' };
      this.#host.note('pipe', address, { event: 'lease-checkin', fields });
    });
    this.#checkedOut.set(lease, cancel);
  }

  /** Those of `leases` that the client still holds. */
  renew(client: string, leases: readonly string[]): string[] {
    return this.#leases.known(client, leases);
  }

  /** Undefined for a lease that the client never had here. */
  release(client: string, lease: string): Lease | undefined {
    const released = this.#leases.release(client, lease);
    if (!released) return undefined;
    this.#checkedOut.get(lease)?.();
    this.#checkedOut.delete(lease);
    this.#callbacks.offer();
    return released;
  }

  /** Why the client need not wait for a seat; else for how many milliseconds it is kept in mind. */
  requestCallback(wish: Wish): Prohibition | number {
    return this.#leases.prohibition(wish) ?? this.#callbacks.request(wish);
  }

  connected(client: string, push: Push): void {
    this.#callbacks.connected(client, push);
  }

  disconnected(client: string, push: Push): void {
    this.#callbacks.disconnected(client, push);
  }

  /**
   * A sign of life on the pipe: any request after hello, to be told when it has been served. `timedOutAfterMs` of silence
   * later the client's leases are taken back, but for those that it has checked out.
   */
  heard(client: string, address: string): void {
    this.#living.get(client)?.cancel();
    this.#living.delete(client);
    if (this.#onNetwork(client).length === 0) return;
    const cancel = this.#host.after(this.#timedOutAfterMs, () => this.#timeOut(client));
    this.#living.set(client, { address, cancel });
  }

  #onNetwork(client: string): readonly Lease[] {
    return this.#leases.holdings(client).filter(({ lease }) => !this.#checkedOut.has(lease));
  }

  #timeOut(client: string): void {
    const address = this.#living.get(client)?.address;
    this.#living.delete(client);
    for (const lease of this.#onNetwork(client)) {
      this.release(client, lease.lease);
      this.#tellReclaim(lease, address);
    }
  }

  #tellReclaim({ lease, program }: Lease, address: string | undefined): void {
    this.#host.note('pipe', address, { event: 'lease-reclaim', fields: { lease, program } });
  }

  command(command: ServerCommand): void {
    if (command.kind === 'restart') {
      if (command.state === 'lost') this.#forget();
      return;
    }
    const { program, seats } = command;
    const isAway = (lease: string): boolean => this.#checkedOut.has(lease);
    for (const lease of this.#leases.setSeats(program, seats, isAway))
      this.#tellReclaim(lease, this.#living.get(lease.client)?.address);
    this.#callbacks.offer();
  }

  /** Leases, requests for callbacks, and what the inbox remembers. */
  #forget(): void {
    this.#cancelTimers();
    this.#leases.forget();
    this.#inbox = new Inbox();
  }

  #cancelTimers(): void {
    for (const { cancel } of this.#living.values()) cancel();
    for (const cancel of this.#checkedOut.values()) cancel();
    this.#living.clear();
    this.#checkedOut.clear();
    this.#callbacks.clear();
  }

  close(): void {
    this.#cancelTimers();
  }
}
