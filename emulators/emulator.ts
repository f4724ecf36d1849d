// The interface between the harness and a family of emulated license servers (a dialect).
// An emulator owns no socket and reads no wall clock: it gets accepted duplex streams and gives notes.
import type { Duplex } from 'node:stream';

export type FieldValue = string | number | boolean;

/** One usage record as the server read it. Times are milliseconds since 1970, as the client wrote them. */
export interface UsageNote {
  readonly record: string;
  readonly program: string;
  readonly startMs: number;
  readonly stopMs: number;
}

/** What an emulator understood or did: a word of the semantic vocabulary with its fields. */
export interface Note {
  readonly event: string;
  readonly fields?: Readonly<Record<string, FieldValue>>;
  readonly usage?: readonly UsageNote[];
}

/** An answer fault that is active now, for example `{ name: '503', args: { 'retry-after': '120' } }`. */
export interface AnswerFault {
  readonly name: string;
  readonly args: Readonly<Record<string, string>>;
}

/** One accepted connection, as the emulator sees it. */
export interface Connection {
  /** Bytes from and to the client. Destroying it with an error resets the connection. */
  readonly stream: Duplex;
  /** Name of the client whose address this connection came to. */
  readonly client: string;
  /**
   * Called once a whole request has been read, before anything is decided or noted about it.
   * `false`: a fault has taken the request away (reset after the request); forget it, answer nothing.
   */
  request(): boolean;
  /** Tells what was understood or done. Call it before the answer is written: a fault may take that answer. */
  note(note: Note): void;
}

/** What the harness lends to one emulated server. */
export interface Host {
  /** Name of the server, as cases call it. */
  readonly server: string;
  /** Milliseconds since 1970 on the server's clock. */
  wallMs(): number;
  /** Calls `action` after that many milliseconds of case time; the result cancels. */
  after(delayMs: number, action: () => void): () => void;
  /** Notes without a connection, such as a reclaimed lease. */
  note(face: string, client: string | undefined, note: Note): void;
  /** The active answer fault of that face among `names`, or undefined. Consulted before the emulator decides. */
  answerFault(face: string, names: readonly string[]): AnswerFault | undefined;
}

/** What a case prepares on every server of a dialect. */
export interface ServerSetup {
  /** Seats per program; a program that is not listed has no limit. */
  readonly seats: Readonly<Record<string, number>>;
  /** Programs that are denied to everyone. */
  readonly forbidden: readonly string[];
  /** Users who may run a program; a program that is not listed may be run by all. */
  readonly permitted?: Readonly<Record<string, readonly string[]>>;
  /** The configuration that the server hands out. */
  readonly configuration: ServedConfiguration;
}

/** The values of a client configuration. Durations in milliseconds. */
export interface ServedConfiguration {
  readonly version: number;
  readonly mode: 'online' | 'offline';
  readonly attempts: number;
  readonly retryDelayMs: number;
  readonly pollingIntervalMs: number;
  readonly liveStatusIntervalMs: number;
  /** After that long without a sign of life the server reclaims a client's leases. */
  readonly timedOutAfterMs: number;
  readonly servers: readonly string[];
}

/** One emulated server of a dialect. */
export interface Emulator {
  accept(face: string, connection: Connection): void;
  /** Releases timers and streams. */
  close(): void;
}

export interface FaceDescription {
  readonly name: string;
  readonly transport: 'tcp' | 'http';
  readonly port: number;
  /** Names of the answer faults that this face knows, with the arguments each takes. */
  readonly answerFaults: Readonly<Record<string, readonly string[]>>;
}

/** A protocol that a family of servers speaks. */
export interface Dialect {
  readonly name: string;
  readonly faces: readonly FaceDescription[];
  create(host: Host, setup: ServerSetup): Emulator;
  /** What is wrong with the values of an answer fault's arguments, for the reader of a case file; undefined: nothing. */
  checkAnswerFault?(face: string, fault: AnswerFault): string | undefined;
}
