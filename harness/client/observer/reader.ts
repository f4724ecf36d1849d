import { closeSync, constants, openSync, readSync } from 'node:fs';
import { isIP } from 'node:net';
import type { Nanos } from '../../clock/clock.ts';
import { MACHINE } from '../../clock/machine.ts';
import { plainAddress } from '../../shim/plain-address.ts';

const CHUNK_BYTES = 64 * 1024;
/** What one poll reads at most: a client that floods its observer must not hold up the case. */
const MAX_POLL_BYTES = 16 * CHUNK_BYTES;
/** Half a million attempts: more than a trace takes. */
const MAX_BYTES = 64 * 1024 * 1024;
/** An honest line with a dozen addresses is shorter. */
const MAX_LINE_BYTES = 4096;
const NEWLINE = 10;

export type ObserverKind = 'node' | 'python' | 'native';

export interface ReaderOptions<Endpoint> {
  /** The file that the observers append to. It must not exist yet. */
  readonly file: string;
  /** Real milliseconds between two looks. */
  readonly pollMs: number;
  /** The endpoint of `address:port`; undefined for what is none of ours. */
  endpoint(address: string, port: number): Endpoint | undefined;
  /** Case time of a moment on CLOCK_MONOTONIC, ns. */
  caseTimeOf(monotonicNs: bigint): Nanos;
  /** A connection attempt, whatever met it: also one that a listener took. In the order in which they were written. */
  attempted(endpoint: Endpoint, at: Nanos): void;
  /** An attempt at none of our endpoints, by the first of the addresses that the client has for it. */
  strayed?(address: string, port: number): void;
  /** The file has outgrown its bound and is read no further: the rest of the attempts is not known. */
  overflowed(): void;
}

/** Reads what the observers inside the client processes of a case write. The file is the client's to write: nothing in it is trusted. */
export class ObserverReader<Endpoint> {
  readonly #options: ReaderOptions<Endpoint>;
  readonly #descriptor: number;
  readonly #chunk = Buffer.alloc(CHUNK_BYTES);
  readonly #kinds = new Set<ObserverKind>();
  #timer: NodeJS.Timeout | undefined;
  #position = 0;
  #rest: Buffer = Buffer.alloc(0);
  /** Within a line that is too long: its end is awaited. */
  #skipping = false;
  #open = true;
  #overflowed = false;

  /** Makes the file: from here on observers can write. Throws where it cannot be made. */
  constructor(options: ReaderOptions<Endpoint>) {
    this.#options = options;
    // Through this descriptor nothing but a regular file of our own is ever read, whatever a client puts in its place.
    const { O_RDWR, O_CREAT, O_EXCL } = constants;
    this.#descriptor = openSync(options.file, O_RDWR | O_CREAT | O_EXCL, 0o600);
  }

  /**
   * The observers that have reported themselves, the native one by an attempt at an endpoint. One that is missing sees
   * nothing: "could not tell".
   */
  get kinds(): ReadonlySet<ObserverKind> {
    return this.#kinds;
  }

  /** Looks for new lines from now on. */
  start(): void {
    this.#timer ??= setInterval(() => this.poll(), this.#options.pollMs);
  }

  /** Reads what has been written since the last look, at most 1 MiB. Returns whether more may be there. */
  poll(): boolean {
    for (let read = 0; this.#open && read < MAX_POLL_BYTES;) {
      if (this.#position >= MAX_BYTES) return this.#overflow();
      const length = readSync(this.#descriptor, this.#chunk, 0, CHUNK_BYTES, this.#position);
      if (length === 0) return false;
      read += length;
      this.#position += length;
      this.#split(this.#chunk.subarray(0, length));
    }
    return this.#open;
  }

  /** Reads the rest and closes the file. To be called when the clients are gone. */
  stop(): void {
    clearInterval(this.#timer);
    while (this.poll());
    if (this.#open) closeSync(this.#descriptor);
    this.#open = false;
  }

  #overflow(): false {
    if (!this.#overflowed) this.#options.overflowed();
    this.#overflowed = true;
    return false;
  }

  #split(chunk: Buffer): void {
    for (let from = 0; from < chunk.length;) {
      const newline = chunk.indexOf(NEWLINE, from);
      const part = chunk.subarray(from, newline < 0 ? undefined : newline);
      from = newline < 0 ? chunk.length : newline + 1;
      if (!this.#skipping) this.#rest = Buffer.concat([this.#rest, part]);
      if (this.#rest.length > MAX_LINE_BYTES) {
        this.#rest = Buffer.alloc(0);
        this.#skipping = true;
      }
      if (newline < 0) return;
      if (!this.#skipping) this.#line(this.#rest.toString('utf8'));
      this.#rest = Buffer.alloc(0);
      this.#skipping = false;
    }
  }

  #line(text: string): void {
    const line = parseLine(text);
    if (line === undefined) return;
    if (line.addresses === undefined) {
      this.#kinds.add(line.kind);
      return;
    }
    // What has been written has happened: not later than now, and not before the case.
    const nowNs = MACHINE.monotonicNs();
    const at = this.#options.caseTimeOf(line.ns < nowNs ? line.ns : nowNs);
    if (at < 0n) return;
    for (const { address, port } of line.addresses) {
      const found = this.#options.endpoint(address, port);
      if (found === undefined) continue;
      if (line.kind !== undefined) this.#kinds.add(line.kind);
      this.#options.attempted(found, at);
      // The other addresses of the name are ways of the same attempt.
      return;
    }
    const [first] = line.addresses;
    if (first) this.#options.strayed?.(first.address, first.port);
  }
}

type Line =
  | { readonly kind: ObserverKind; readonly addresses?: undefined }
  | {
      readonly kind?: 'native';
      readonly addresses: readonly Address[];
      readonly ns: bigint;
    };

interface Address {
  readonly address: string;
  readonly port: number;
}

/**
 * `{"observer":"node","pid":1}` or `{"connect":["127.1.2.3:7280","::1:7231"],"ns":"1"}`; undefined for anything else. The native one
 * reports itself with each attempt, `{"observer":"native","connect":…}`: that it was loaded does not say that it sees any.
 */
export function parseLine(text: string): Line | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (typeof value !== 'object' || value === null) return undefined;
  const { observer, connect, ns } = value as Record<string, unknown>;
  if (observer === 'node' || observer === 'python') return { kind: observer };
  if (!Array.isArray(connect) || typeof ns !== 'string' || !/^\d{1,19}$/.test(ns)) return undefined;
  return {
    ...(observer === 'native' && { kind: observer }),
    addresses: connect.flatMap(parseAddress),
    ns: BigInt(ns),
  };
}

/** The port is behind the last colon, also of IPv6. The one name that every system has is known too. */
function parseAddress(text: unknown): readonly Address[] {
  if (typeof text !== 'string') return [];
  const [, host = '', port] = /^(.+):(\d{1,5})$/.exec(text) ?? [];
  const hosts = host.toLowerCase() === 'localhost' ? ['127.0.0.1', '::1'] : [plainAddress(host)];
  return hosts.filter(isIP).map((address) => ({ address, port: Number(port) }));
}
