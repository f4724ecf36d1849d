// What the harness and a process in virtual time say to each other: one JSON object a line over a unix socket, strictly in turn.

/** First word of a process. The harness answers with a `Welcome`, when its turn has come. */
export interface Hello {
  readonly hello: string;
  /** Which client it belongs to. */
  readonly run: string;
  readonly pid: number;
  readonly ppid: number;
}

/** What a process did since the last grant, and until when it has nothing to do. */
export interface ClientTurn {
  readonly ops: readonly SocketOp[];
  /** Case time in its own eyes, ms: ahead of the harness when it spun on the clock. */
  readonly nowMs: number;
  /** When its next timer is due, case time in ms; null: it has none. */
  readonly nextMs: number | null;
  /** False: nothing keeps the process alive any more, it would exit by itself. */
  readonly alive: boolean;
  /** Set in the last message of a process. */
  readonly exit?: number;
  /** It made or changed files. */
  readonly wrote?: true;
  /** It wrote to its standard output or error. */
  readonly said?: true;
  /** Something came to it from its relatives. */
  readonly stirred?: true;
  /** It stands still in a synchronous child process, and speaks again by itself. */
  readonly blocked?: true;
  /** It reads its standard input. */
  readonly reads?: true;
  /** Real pids of its child processes that have not ended in its eyes. */
  readonly children?: readonly number[];
}

/** Virtual time cannot follow: what the process was about to do. It waits for its end. */
export interface Escape {
  readonly escape: string;
}

/** Answer to SIGUSR2: what keeps its event loop from coming to rest. */
export interface Holds {
  readonly holds: readonly string[];
}

/** Answered at once with a `PidAnswer`. Announces a child process, or asks for the real id behind a virtual one. */
export type PidQuestion = { readonly spawned: number } | { readonly pidOf: number };

export interface PidAnswer {
  /** 0: there is none. */
  readonly pid: number;
}

export type ClientMessage = Hello | ClientTurn | Escape | Holds | PidQuestion;

export type SocketOp =
  | { readonly op: 'connect'; readonly id: number; readonly host: string; readonly port: number }
  | { readonly op: 'data'; readonly id: number; readonly base64: string }
  | { readonly op: 'end'; readonly id: number }
  | { readonly op: 'close'; readonly id: number; readonly reset: boolean }
  | { readonly op: 'listen'; readonly id: number; readonly host: string; readonly port: number }
  | { readonly op: 'unlisten'; readonly id: number };

/** First answer of the harness to a new process. */
export interface Welcome {
  readonly epochMs: number;
  /** What the wall clock of the client is ahead of the epoch, because the play has set it. */
  readonly wallOffsetMs: number;
  /** Case time at which the process starts, ms. */
  readonly nowMs: number;
  readonly seed: number;
  /** Process ids that are the same in every run. */
  readonly pid: number;
  readonly ppid: number;
  /** True for the process that the harness started; the others are its descendants. */
  readonly first: boolean;
  /** Real time at which the case began: a file that is younger was made in virtual time. */
  readonly realStartMs: number;
  /** The port on which it may listen; absent: on none. */
  readonly listens?: number;
}

/** From the harness: time has come to `nowMs`, and this has happened. */
export interface Grant {
  readonly nowMs: number;
  readonly events: readonly ClientEvent[];
  /** True: the process may end, as it would by itself. */
  readonly exit?: true;
  /** Nothing happens to it before then, case time in ms: up to there a process that has nothing to tell moves its clock by itself. */
  readonly untilMs?: number;
  /** True: there is a core to spare. What follows on its turn comes sooner than it would wake up. */
  readonly soon?: true;
}

export type ClientEvent =
  | { readonly event: 'connected'; readonly id: number }
  /** A connection to that listener was accepted; ids that we give out are below 0. */
  | { readonly event: 'accepted'; readonly id: number; readonly listener: number }
  | {
      readonly event: 'failed';
      readonly id: number;
      readonly code: 'ECONNREFUSED' | 'ETIMEDOUT';
    }
  | { readonly event: 'data'; readonly id: number; readonly base64: string }
  | { readonly event: 'end'; readonly id: number }
  | { readonly event: 'reset'; readonly id: number }
  | { readonly event: 'stdin'; readonly base64: string }
  | { readonly event: 'stdin-end' }
  | { readonly event: 'signal'; readonly signal: NodeJS.Signals }
  | { readonly event: 'clock'; readonly byMs: number };

/** How a process finds the harness. A client does not see them: the preload takes them away and gives them to its children. */
export const LINK_VARIABLES = {
  /** Path of the unix socket. */
  socket: 'METERPROOF_LINK',
  /** Which client it belongs to. */
  run: 'METERPROOF_RUN',
  /** Address of the preload. */
  preload: 'METERPROOF_PRELOAD',
  /** Folder of a `node` that opens its internals. */
  bin: 'METERPROOF_BIN',
  /** The file behind the client's standard input, so that a child can tell that it inherited it. */
  stdin: 'METERPROOF_STDIN',
  /** What children preload that are not Node, so that it is seen where they connect to; empty: there is no such thing here. */
  observer: 'METERPROOF_NATIVE_OBSERVER',
  /** Where it writes that down. */
  dials: 'METERPROOF_OBSERVER',
} as const;

/** Above what any kernel gives out: no number of ours is taken for a process of somebody else. */
export const FIRST_PID = 5_000_000;
