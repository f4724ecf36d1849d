// What the harness and a host process say to each other over the channel that Node gives a child.

/** A client in a thread of a host in place of a process of its own. */
export interface Job {
  /** Path of the script, absolute. */
  readonly script: string;
  readonly argv: readonly string[];
  /** The whole environment of the client, and what the preload needs. */
  readonly env: Readonly<Record<string, string>>;
  /** Working directory. */
  readonly folder: string;
  readonly files: OutputFiles;
}

/** Paths of the files that take what the client writes. */
export interface OutputFiles {
  readonly stdout: string;
  readonly stderr: string;
}

/** End the client at once, as SIGKILL ends a process. Its link is closed as well: a thread that reads cannot be ended. */
export interface JobKill {
  readonly kill: true;
}

/** The client has ended, and nothing of it is left in the host. */
export interface JobEnd {
  readonly code: number;
  /** It died of this signal. */
  readonly signal?: NodeJS.Signals;
}

/** What a thread says to its host before it ends as a process would on a signal that it does not handle. */
export interface LastWord {
  readonly signal: NodeJS.Signals;
}

/** What a thread knows before its client. */
export interface BootData {
  /** Not 0 once a `Job` has been sent to it. */
  readonly awaited: Int32Array;
}
