import type { Clock } from '../clock/clock.ts';
import type { ClientProcess, LaunchSpec, ProcessListener } from '../client/process.ts';
import type { Transport } from '../shim/transport.ts';
import type { Lateness } from '../trace/event.ts';
import type { Places } from './places.ts';
import type { Strays } from './strays.ts';

/** A mode of time: its clock, its network, its way to start a client, and its main loop. */
export interface World {
  /** `virtual`, `real`, `scaled:60`. */
  readonly name: string;
  /** What sees the attempts that no listener sees: `virtual`, `node`, `python`, or `none`. */
  readonly observer: string;
  readonly clock: Clock;
  /** The date of case time 0, milliseconds since 1970. */
  readonly epochMs: number;
  readonly transport: Transport;
  /** Durations that a client is given are divided by this. */
  readonly divisor: number;
  readonly places: Places;
  /** What its clients have dialled where no server of the case is. */
  readonly strays: Strays;
  launch(spec: LaunchSpec, listener: ProcessListener): ClientProcess;
  /** Real work that time must wait for. */
  hold(work: Promise<void>): void;
  /** Lets time pass until `finished` says so. Rejects with a `HarnessError` when it cannot go on. */
  run(finished: () => boolean): Promise<void>;
  /** Something has happened that may have finished the case. */
  wake(): void;
  /** What the machine has shown; absent where time is virtual: it stands still meanwhile. */
  lateness?(): Lateness;
  close(): Promise<void>;
}
