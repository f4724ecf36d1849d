// A client process as the play sees it, whatever its time.
import { errorText } from './error-text.ts';

export interface Exit {
  readonly code: number | null;
  readonly signal: string | null;
}

/** What a process tells, in the order in which it happens. */
export interface ProcessListener {
  stdout(chunk: Buffer): void;
  stderr(chunk: Buffer): void;
  exited(exit: Exit): void;
  /** It broke a bound of the contract and was killed for it, or did not start, which may be for want of something of the machine. */
  broke(why: string, byMachine?: boolean): void;
}

export interface LaunchSpec {
  /** Program and arguments, without templates. */
  readonly command: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** The work folder. */
  readonly folder: string;
  /** Name of the client; the nth process of it in this case, from 1. */
  readonly client: string;
  readonly run: number;
  /** The port on which it may listen in virtual time: it is a server. No client may. */
  readonly listens?: number;
  /** Programs beside virtual time, such as hooks, may look for its processes by their ids. */
  readonly realPids?: boolean;
  /** Where its output is kept, if not in its work folder. */
  readonly outputFolder?: string;
}

export interface ClientProcess {
  /** Writes to stdin. */
  write(text: string): void;
  /** EOF on stdin. */
  endInput(): void;
  /** SIGTERM to the whole process group: the polite way to end a black box. */
  terminate(): void;
  /** SIGKILL to the whole process group. */
  kill(): void;
  /** Moves the client's wall clock, ms; absent where the mode of time cannot. */
  setClock?(byMs: number): void;
}

/** What one process may write in a case before it is stopped (docs/client-contract.md). */
export const MAX_OUTPUT_BYTES = 8 * 1024 * 1024;

const GIVEN_OUT: readonly string[] = ['EAGAIN', 'EMFILE', 'ENFILE', 'ENOMEM'];

/** A program that does not start. Where the machine has no process or file left for it, the client is not to blame. */
export function tellNotStarted(listener: Pick<ProcessListener, 'broke'>, error: Error): void {
  listener.broke(`it could not be started: ${error.message}`, GIVEN_OUT.includes(errorText(error)));
}

/** A failure of the harness or of its surroundings: verdict `error`, never `fail`. */
export class HarnessError extends Error {}
