// What the harness and a client process in virtual time say to each other: one JSON object a line, strictly in turn.

/** From the client: what it did since the last grant, and until when it has nothing to do. */
export interface ClientTurn {
  readonly ops: readonly SocketOp[];
  /** When its next timer is due, in ms since its start; null: it has none. */
  readonly nextMs: number | null;
  /** False: nothing keeps the process alive any more, it would exit by itself. */
  readonly alive: boolean;
  /** Set in the last message of a process. */
  readonly exit?: number;
}

export type SocketOp =
  | { readonly op: 'connect'; readonly id: number; readonly host: string; readonly port: number }
  | { readonly op: 'data'; readonly id: number; readonly base64: string }
  | { readonly op: 'end'; readonly id: number }
  | { readonly op: 'close'; readonly id: number; readonly reset: boolean };

/** First answer of the harness to a new process. */
export interface Welcome {
  readonly epochMs: number;
  /** What the wall clock of the client is ahead of the epoch, because the play has set it. */
  readonly wallOffsetMs: number;
  /** Case time at which the process starts, ms. */
  readonly nowMs: number;
  readonly seed: number;
}

/** From the harness: time has come to `nowMs`, and this has happened. */
export interface Grant {
  readonly nowMs: number;
  readonly events: readonly ClientEvent[];
  /** True: the process may end, as it would by itself. */
  readonly exit?: boolean;
}

export type ClientEvent =
  | { readonly event: 'connected'; readonly id: number }
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

/** File descriptors of the link in the client process. */
export const LINK_READ_FD = 3;
export const LINK_WRITE_FD = 4;
