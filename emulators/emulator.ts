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
  /**
   * From now on each piece that is written is TLS's own (a handshake, a ticket, an alert), and no answer of the server, where
   * `isOwn` says so at that moment. Never called: every piece is the server's.
   */
  ownBytes?(isOwn: () => boolean): void;
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
  /**
   * Opens a connection to the real server that stands behind this one. It can be written to at once; destroying it with an
   * error resets the connection, and an error of it means that the real server has. Absent: there is no real server.
   */
  dial?(): Duplex;
  /** Ends TLS on an accepted connection: the result gives what is inside. Absent: TLS stays closed. */
  terminate?(connection: Pick<Connection, 'stream' | 'ownBytes'>): Duplex;
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
  /** How many made-up names the list of excluded programs has; default 0. */
  readonly excludedPrograms?: number;
  /** How long a freed seat is kept for a client that was called back; default: the dialect's. */
  readonly callbackGraceMs?: number;
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

/** What a case does to the state of a server. */
export type ServerCommand =
  /** All its connections are reset already. `lost`: it knows nothing any more of leases and logs. */
  | { readonly kind: 'restart'; readonly state: 'kept' | 'lost' }
  /** From now on it has so many licences of that program; those that are out beyond that are taken back. */
  | { readonly kind: 'seats'; readonly program: string; readonly seats: number };

/** One emulated server of a dialect. */
export interface Emulator {
  accept(face: string, connection: Connection): void;
  /** Only commands that the dialect names are given. */
  command?(command: ServerCommand): void;
  /** Releases timers and streams. */
  close(): void;
}

export interface FaceDescription {
  readonly name: string;
  readonly transport: 'tcp' | 'http';
  readonly port: number;
  /** Names of the answer faults that this face knows, with the arguments each takes. */
  readonly answerFaults: Readonly<Record<string, readonly string[]>>;
  /**
   * What a client can ask there, by the words by which it is noted, each with the answer faults that it can meet.
   * Absent: `meterproof coverage` knows of the requests that it has seen alone.
   */
  readonly asks?: Readonly<Record<string, readonly string[]>>;
}

/**
 * Understands one connection from its bytes alone, without an emulator, in the words in which an emulator notes the
 * same. What a client asks is noted with the bytes that complete the request; what a server answers, and what only the
 * answer completes, with those that complete the answer.
 */
export interface SessionDecoder {
  /** Takes the next bytes from the client, in pieces of any size. They are not kept as views. */
  client(bytes: Uint8Array): readonly Note[];
  /** Takes the next bytes from the server. */
  server(bytes: Uint8Array): readonly Note[];
  /** Bytes of that side are not in the capture; what follows is used from the next message on. */
  gap(side: 'client' | 'server'): void;
  /** The connection is over: an answer that had begun is lost. */
  end(): readonly Note[];
  /**
   * The oldest request that has been made, or begun, and whose answer is not whole yet, by the word by which it is noted;
   * `request` where that is not known; undefined: there is none.
   */
  awaited?(): string | undefined;
  /** Who the client says that it is, once it did. */
  readonly identity: string | undefined;
  /** Why nothing more can be understood on this connection, such as `tls`; undefined while all is well. */
  readonly opaque: string | undefined;
}

/** Opens a decoder for each connection of one capture; what it learns on one connection helps with the others. */
export type SessionDecoders = (server: string, face: string) => SessionDecoder;

/** What a name in the bytes of a connection is of: a person, or a computer. */
export type NameKind = 'account' | 'workstation';

/** Stand-ins for names. The same name always gets the same stand-in. */
export interface StandIns {
  /** What stands for a name: itself, where names of that kind are kept or it is empty. From then on `text` knows it. */
  name(kind: NameKind, name: string): string;
  /** A text in which each name that was met so far, as a whole word, is replaced. */
  text(text: string): string;
}

/** What is kept of some bytes of one side. */
export interface RedactedPiece {
  /** Whole messages without names; absent: they could not be read, and are not kept. */
  readonly bytes?: Uint8Array;
  /** How many bytes of the connection it stands for. */
  readonly standsFor: number;
}

/** Replaces the names in the bytes of one connection: what comes out is framed as the protocol demands. */
export interface SessionRedactor {
  /** Takes the next bytes from the client, in pieces of any size; those of unfinished messages are held back. */
  client(bytes: Uint8Array): readonly RedactedPiece[];
  server(bytes: Uint8Array): readonly RedactedPiece[];
  /** Nothing more comes from that side. */
  end(side: 'client' | 'server'): readonly RedactedPiece[];
}

/** One whole request, as far as the replay of a recorded session must know it. */
export interface SeenRequest {
  /** The same for requests that ask the same: without ids, times and names of logs. Shown to people: `upload word.exe`. */
  readonly meaning: string;
  /** The number that its answer repeats; 0: answers come in the order of the requests. */
  readonly id: number;
  /** What is this request's own, such as ids of records: in an order that is the same for the same meaning. */
  readonly own: readonly string[];
  /** The usage records that it carries. */
  readonly usage?: readonly UsageNote[];
  /** It asks that the server end the connection behind the answer. */
  readonly isLast?: boolean;
}

/** How recorded requests and answers of a dialect are used again. */
export interface Exchanges {
  /** Cuts what a client sends on one connection into requests. What it returns throws an error for what is none. */
  requests(face: string): (bytes: Uint8Array) => readonly SeenRequest[];
  /** The number of the request that these bytes begin to answer; 0: of none, it is pushed; undefined: they do not tell. */
  answerTo(face: string, bytes: Uint8Array): number | undefined;
  /**
   * A recorded answer as one to another request of the same meaning, `shiftMs` later than the recorded one. Only what the
   * protocol ties to the request or to the clock is changed; what is no whole answer stays as it is.
   */
  readdress(
    face: string,
    answer: Buffer,
    change: { readonly from: SeenRequest; readonly to: SeenRequest; readonly shiftMs: number },
  ): Buffer;
  /** Recorded requests to a server that gives other names to its leases. Without such names the very bytes. */
  rename(face: string, requests: Buffer, leases: ReadonlyMap<string, string>): Buffer;
}

/** A protocol that a family of servers speaks. */
export interface Dialect {
  readonly name: string;
  readonly faces: readonly FaceDescription[];
  /** True where it only passes bytes on: no semantic events, and rules that rest on them cannot be told. */
  readonly opaque?: boolean;
  /** What the protocol leaves open and the rules supply, in a sentence that every report says. */
  readonly leavesOpen?: string;
  /** `false` where no usage records travel: then none is owed to anybody. */
  readonly records?: boolean;
  /**
   * The semantic events that its servers can have. A case that names no dialect is then played with them if it needs no
   * other event, face, fault or command; absent: only cases that name this dialect are.
   */
  readonly events?: readonly string[];
  /** Wire faults that have no meaning here, each with what to write instead. */
  readonly unknownFaults?: Readonly<Record<string, string>>;
  create(host: Host, setup: ServerSetup): Emulator;
  /** Begins to decode one capture. A dialect without it is replayed and judged by its bytes alone. */
  decoders?(): SessionDecoders;
  /** How recorded sessions are played again. Without it they are only judged. */
  readonly exchanges?: Exchanges;
  /** Begins to redact one capture. Of a dialect without it bytes are kept as they are, or not at all. */
  redactors?(names: StandIns): (face: string) => SessionRedactor;
  /** What a case can do to the state of its servers, besides their clocks. */
  readonly commands?: readonly ServerCommand['kind'][];
  /** What is wrong with the values of an answer fault's arguments, for the reader of a case file; undefined: nothing. */
  checkAnswerFault?(face: string, fault: AnswerFault): string | undefined;
}
