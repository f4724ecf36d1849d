import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { temporaryFolder } from '../client/temporary-folder.ts';
import { Canary } from '../clock/canary.ts';
import { formatDuration } from '../clock/duration.ts';
import { RealClock } from '../clock/real.ts';
import { LaunchWatch } from '../client/launch-watch.ts';
import { observerFor } from '../client/observer/inject.ts';
import { ObserverReader } from '../client/observer/reader.ts';
import {
  HarnessError,
  type ClientProcess,
  type LaunchSpec,
  type ProcessListener,
} from '../client/process.ts';
import type { Network } from '../client/profile-schema.ts';
import { RealProcess } from '../client/real-process.ts';
import { RealTransport } from '../shim/transport-real.ts';
import type { Lateness } from '../trace/event.ts';
import { ObservedTransport } from './observed-transport.ts';
import { addressesBelow, portsOfLoopback, type Places } from './places.ts';
import { Strays } from './strays.ts';
import type { World } from './world.ts';

/** How often the end of a case and the observer's file are looked at, real ms. */
const POLL_MS = 20;

/** Of a case of fifty clients with two servers of two faces; a larger one reaches into the next block. */
const PORTS_OF_A_RUN = 200;
const FIRST_PORT = 10_000;

export interface RealOptions {
  readonly factor: number;
  readonly block: number;
  /** Which addresses servers have; default `ipv4`. */
  readonly network?: Network;
}

/** Real or scaled time: real sockets on loopback, any program, and a canary beside it. */
export class RealWorld implements World {
  readonly name: string;
  readonly divisor: number;
  readonly clock: RealClock;
  readonly transport: ObservedTransport;
  readonly epochMs: number;
  readonly places: Places;
  readonly strays = new Strays();
  readonly #canary: Canary;
  readonly #folder = temporaryFolder('observer-');
  readonly #observerFile = join(this.#folder, 'attempts.jsonl');
  readonly #launches: LaunchWatch;
  readonly #reader: ObserverReader<string>;
  #held: Promise<unknown> = Promise.resolve();
  #failure: HarnessError | undefined;
  /** Processes that have not ended. */
  #living = 0;
  #wake: (() => void) | undefined;

  /** `block`: number from 0 to 99 of the block of addresses or ports, so that two runs on one machine keep apart. */
  constructor({ factor, block, network = 'ipv4' }: RealOptions) {
    this.name = factor === 1 ? 'real' : `scaled:${factor}`;
    this.divisor = factor;
    this.places =
      network === 'ipv6'
        ? portsOfLoopback(FIRST_PORT + block * PORTS_OF_A_RUN)
        : addressesBelow(`127.${100 + block}`);
    this.clock = new RealClock(factor);
    this.epochMs = this.clock.wallMs();
    this.#canary = new Canary(factor);
    this.#launches = new LaunchWatch({ factor });
    const fail = (message: string) => this.#fail(message);
    this.transport = new ObservedTransport(
      new RealTransport((error) => fail(`a connection could not be accepted: ${error.message}`)),
      () => this.clock.now(),
      (client) => this.#launches.reached(client),
    );
    this.#reader = new ObserverReader({
      file: this.#observerFile,
      pollMs: POLL_MS,
      endpoint: (address, port) => this.transport.endpointAt(address, port),
      caseTimeOf: (ns) => this.clock.caseTimeOf(ns),
      attempted: (address, at) => this.transport.observed(address, at),
      strayed: (address, port) => this.strays.add(address, port),
      overflowed: () => fail('the client made more connection attempts than can be observed'),
    });
  }

  get observer(): string {
    return [...this.#reader.kinds].join('+') || 'none';
  }

  launch(spec: LaunchSpec, listener: ProcessListener): ClientProcess {
    const { env } = observerFor(spec.command, this.#observerFile, spec.env, spec.folder);
    this.#living++;
    const client = new RealProcess(
      { ...spec, env: { ...spec.env, ...env } },
      {
        ...bound(listener),
        exited: (exit) => {
          this.#living--;
          if (client.pid !== undefined) this.#launches.ended(client.pid);
          listener.exited(exit);
          this.wake();
        },
      },
    );
    if (client.pid !== undefined) this.#launches.launched(spec.client, client.pid);
    return client;
  }

  hold(work: Promise<void>): void {
    this.#held = Promise.all([this.#held, work]);
  }

  async run(finished: () => boolean): Promise<void> {
    this.clock.start();
    this.#canary.start();
    this.#reader.start();
    while (!finished() && !this.#failure) await this.#next();
    this.#canary.stop();
    // What was attempted since the last look belongs to the trace too.
    this.#reader.poll();
    if (this.#failure) throw this.#failure;
  }

  wake(): void {
    this.#wake?.();
  }

  lateness(): Lateness {
    return {
      jitter: formatDuration(this.#canary.worst()),
      launch: formatDuration(this.#launches.worst()),
    };
  }

  async close(): Promise<void> {
    this.clock.close();
    await this.#held;
    while (this.#living > 0) await this.#next();
    this.#reader.stop();
    rmSync(this.#folder, { recursive: true, force: true });
  }

  #fail(message: string): void {
    this.#failure ??= new HarnessError(message);
    this.wake();
  }

  async #next(): Promise<void> {
    this.#launches.poll();
    let timer: NodeJS.Timeout | undefined;
    await new Promise<void>((resolve) => {
      this.#wake = resolve;
      timer = setTimeout(resolve, POLL_MS);
    });
    clearTimeout(timer);
  }
}

function bound(listener: ProcessListener): Omit<ProcessListener, 'exited'> {
  return {
    stdout: (chunk) => listener.stdout(chunk),
    stderr: (chunk) => listener.stderr(chunk),
    broke: (why) => listener.broke(why),
  };
}
