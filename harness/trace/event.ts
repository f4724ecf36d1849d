import type { FieldValue, UsageNote } from '../../emulators/emulator.ts';
import type { Nanos } from '../clock/clock.ts';
import type { CaptureNote } from './capture-note.ts';

export type { FieldValue, UsageNote };

/**
 * One thing that happened. The trace, a list of these in order of time, is the only truth:
 * what is printed, judged, replayed or turned into a case is made from it.
 */
export interface TraceEvent {
  readonly at: Nanos;
  /** A server's name, a client's name, or `harness`. */
  readonly actor: string;
  /** The face of a server through which it happened; absent for clients, and for a server as a whole. */
  readonly face?: string;
  /** A word of the vocabulary (`vocabulary.ts`). */
  readonly event: string;
  /** The client that caused it, where the actor is a server. */
  readonly from?: string;
  /** Number of the connection, counted over the whole case from 1. */
  readonly conn?: number;
  /** Printed as `key=value`, and matched by expected lines. */
  readonly fields: Readonly<Record<string, FieldValue>>;
  /** The usage records that an upload offered, or that its acceptance or refusal covers. */
  readonly usage?: readonly UsageNote[];
  /** Raw bytes, base64, of `received` and `sent` events. */
  readonly bytes?: string;
}

/** What a trace says of itself; the first line of its file. */
export interface TraceHeader {
  readonly meterproof: 1;
  readonly case: string;
  readonly client: string;
  /** What its servers speak; absent: `metering`. */
  readonly dialect?: string;
  /** `virtual`, `real`, `scaled:60` … */
  readonly time: string;
  readonly seed: number;
  /** Wall-clock date of case time 0s, ISO 8601. */
  readonly epoch: string;
  /** What saw the attempts that no listener sees: `virtual`, `node`, `python`, or `none`. */
  readonly observer: string;
  /** What the machine showed during a run in real or scaled time; absent where time is virtual. */
  readonly lateness?: Lateness;
  /** Of a captured session (`docs/captures.md`). */
  readonly capture?: CaptureNote;
}

/** Durations in case time, as in the file: `12ms`. */
export interface Lateness {
  /** The worst of the machine. */
  readonly jitter: string;
  /** The longest start of a client. */
  readonly launch: string;
}

export interface Trace {
  readonly header: TraceHeader;
  readonly events: readonly TraceEvent[];
  /** True when the file ended in the middle of a line: the run that wrote it was cut off. */
  readonly cutOff?: boolean;
}
