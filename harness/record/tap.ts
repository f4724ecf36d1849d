import type { SessionDecoder, SessionRedactor } from '../../emulators/emulator.ts';
import { type ConnectionPlace, type Decoded, SessionTrace, type Side } from '../capture/decode.ts';

export interface TapOptions {
  readonly place: ConnectionPlace;
  /** Absent: what the bytes mean is not told. */
  readonly decoder?: SessionDecoder | undefined;
  /** Absent: bytes are kept as they are. */
  readonly redactor?: SessionRedactor | undefined;
  /** An event that stands for `accounts` bytes of the connection. */
  emit(event: Decoded, accounts: number): void;
}

/** One relayed connection, told as events. */
export class Tap {
  readonly #options: TapOptions;
  readonly #trace: SessionTrace;
  #accounts = 0;
  #firstEnd: Side | undefined;

  constructor(options: TapOptions) {
    this.#options = options;
    this.#trace = new SessionTrace(options.place, options.decoder, (event) => {
      const accounts = event.raw === undefined ? 0 : this.#accounts;
      options.emit(event, accounts);
    });
  }

  /** Who the client says that it is. */
  get identity(): string | undefined {
    return this.#trace.identity;
  }

  connect(): void {
    this.#trace.connect();
  }

  data(from: Side, bytes: Uint8Array): void {
    const { redactor } = this.#options;
    if (!redactor) return this.#said(from, bytes, bytes.length);
    this.#redacted(from, from === 'client' ? redactor.client(bytes) : redactor.server(bytes));
  }

  /** Bytes that are not kept: the decoder goes on with the next message that it can tell. */
  missing(from: Side, length: number): void {
    const event = from === 'client' ? 'received' : 'sent';
    this.#options.emit({ ...this.#options.place, event, fields: { length } }, length);
    this.#trace.missed(from);
  }

  /** A FIN. */
  close(by: Side): void {
    this.#endOf(by);
    if (this.#firstEnd === undefined) this.#trace.close(by);
    if (by === 'server' || this.#firstEnd !== undefined) this.#trace.end();
    this.#firstEnd ??= by;
  }

  reset(by: Side): void {
    this.#endOf('client');
    this.#endOf('server');
    this.#trace.reset(by);
  }

  /** The recording is over before the connection is. */
  end(): void {
    this.#endOf('client');
    this.#endOf('server');
    this.#trace.end();
  }

  #endOf(side: Side): void {
    const { redactor } = this.#options;
    if (redactor) this.#redacted(side, redactor.end(side));
  }

  #redacted(from: Side, pieces: ReturnType<SessionRedactor['end']>): void {
    for (const { bytes, standsFor } of pieces) {
      if (bytes === undefined) this.missing(from, standsFor);
      else this.#said(from, bytes, standsFor);
    }
  }

  #said(from: Side, bytes: Uint8Array, accounts: number): void {
    this.#accounts = accounts;
    if (from === 'client') this.#trace.received(bytes);
    else this.#trace.sent(bytes);
  }
}
