import type { Nanos } from '../clock/clock.ts';
import { MACHINE, type Machine } from '../clock/machine.ts';
import { isAtWork } from './at-work.ts';

/** So many looks in a row must find a process at rest: one that loads itself sleeps for moments too. */
const QUIET_LOOKS = 3;

interface Launch {
  readonly client: string;
  readonly pid: number;
  readonly fromNs: bigint;
  /** Real time of the first of the quiet looks. */
  quietFromNs: bigint | undefined;
  quietLooks: number;
}

export interface LaunchWatchOptions {
  /** How many times faster than real time the case runs. */
  readonly factor: number;
  readonly machine?: Machine;
  /** Whether a process, or one that it has started, runs or waits for a disk; undefined: the system does not tell. */
  readonly atWork?: (pid: number) => boolean | undefined;
}

/**
 * Measures how long processes take to start: from their launch until they rest for the first time or reach for the network,
 * whichever comes first. What a client does in a case is late by that, and it is the machine's doing as much as the client's.
 */
export class LaunchWatch {
  readonly #factor: bigint;
  readonly #machine: Machine;
  readonly #atWork: (pid: number) => boolean | undefined;
  #open: Launch[] = [];
  #worstNs = 0n;

  constructor({ factor, machine = MACHINE, atWork = isAtWork }: LaunchWatchOptions) {
    this.#factor = BigInt(factor);
    this.#machine = machine;
    this.#atWork = atWork;
  }

  launched(client: string, pid: number): void {
    const fromNs = this.#machine.monotonicNs();
    this.#open.push({ client, pid, fromNs, quietFromNs: undefined, quietLooks: 0 });
  }

  /** A sign of life: the client has tried to connect. */
  reached(client: string): void {
    this.#end((launch) => launch.client === client);
  }

  /** The process is gone. */
  ended(pid: number): void {
    this.#end((launch) => launch.pid === pid);
  }

  /** Looks at what has not started yet; to be called often. */
  poll(): void {
    const nowNs = this.#machine.monotonicNs();
    for (const launch of this.#open) {
      const atWork = this.#atWork(launch.pid);
      if (atWork === true) {
        launch.quietFromNs = undefined;
        launch.quietLooks = 0;
      } else {
        launch.quietFromNs ??= nowNs;
        launch.quietLooks++;
      }
    }
    for (const { pid, quietLooks, quietFromNs } of [...this.#open])
      if (quietLooks >= QUIET_LOOKS) this.#end((launch) => launch.pid === pid, quietFromNs);
  }

  /** The longest start so far, in case time: the real one times the factor. One that is not over counts with what it has taken. */
  worst(): Nanos {
    const nowNs = this.#machine.monotonicNs();
    const open = this.#open.map(({ fromNs, quietFromNs }) => (quietFromNs ?? nowNs) - fromNs);
    return [this.#worstNs, ...open].reduce((a, b) => (a > b ? a : b)) * this.#factor;
  }

  #end(isOver: (launch: Launch) => boolean, atNs = this.#machine.monotonicNs()): void {
    for (const launch of this.#open.filter(isOver)) {
      const tookNs = (launch.quietFromNs ?? atNs) - launch.fromNs;
      if (tookNs > this.#worstNs) this.#worstNs = tookNs;
    }
    this.#open = this.#open.filter((launch) => !isOver(launch));
  }
}
