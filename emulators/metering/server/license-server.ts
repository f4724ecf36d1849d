import type { AnswerFault, Host, ServerSetup } from '../../emulator.ts';
import { configurationText } from './configuration.ts';
import { Inbox } from './inbox.ts';
import { Leases, type LeaseAnswer, type Lease, type Wish } from './leases.ts';

interface LivingClient {
  /** The harness's name for it, by its address. */
  readonly address: string;
  readonly cancel: () => void;
}

/** What one license server keeps, whichever face is asked. */
export class LicenseServer {
  readonly inbox = new Inbox();
  readonly configuration: { readonly version: number; readonly text: string };
  readonly #host: Host;
  readonly #leases: Leases;
  readonly #timedOutAfterMs: number;
  /** Clients that hold leases, by the name in their hello. */
  readonly #living = new Map<string, LivingClient>();

  constructor(host: Host, { seats, forbidden, permitted = {}, configuration }: ServerSetup) {
    this.#host = host;
    this.#leases = new Leases({ server: host.server, seats, forbidden, permitted });
    this.#timedOutAfterMs = configuration.timedOutAfterMs;
    this.configuration = {
      version: configuration.version,
      text: configurationText(configuration),
    };
  }

  wallMs(): number {
    return this.#host.wallMs();
  }

  fault(face: string, names: readonly string[]): AnswerFault | undefined {
    return this.#host.answerFault(face, names);
  }

  request(wish: Wish): LeaseAnswer {
    return this.#leases.request(wish);
  }

  /** Those of `leases` that the client still holds. */
  renew(client: string, leases: readonly string[]): string[] {
    return this.#leases.known(client, leases);
  }

  /** Undefined for a lease that the client never had here. */
  release(client: string, lease: string): Lease | undefined {
    return this.#leases.release(client, lease);
  }

  /**
   * A sign of life on the pipe: any request after hello, to be told when it has been served. `timedOutAfterMs` of silence
   * later the client's leases are taken back.
   */
  heard(client: string, address: string): void {
    this.#living.get(client)?.cancel();
    this.#living.delete(client);
    if (this.#leases.holdings(client).length === 0) return;
    const cancel = this.#host.after(this.#timedOutAfterMs, () => this.#reclaim(client));
    this.#living.set(client, { address, cancel });
  }

  #reclaim(client: string): void {
    const address = this.#living.get(client)?.address;
    this.#living.delete(client);
    for (const { lease, program } of this.#leases.holdings(client)) {
      this.#leases.release(client, lease);
      this.#host.note('pipe', address, { event: 'lease-reclaim', fields: { lease, program } });
    }
  }

  close(): void {
    for (const { cancel } of this.#living.values()) cancel();
    this.#living.clear();
  }
}
