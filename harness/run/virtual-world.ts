import { setTimeout as delay } from 'node:timers/promises';
import { DAY, type Nanos, SECOND } from '../clock/clock.ts';
import { formatDuration } from '../clock/duration.ts';
import { VirtualClock } from '../clock/virtual.ts';
import {
  HarnessError,
  type ClientProcess,
  type LaunchSpec,
  type ProcessListener,
} from '../client/process.ts';
import { isNode } from '../client/is-node.ts';
import type { Network } from '../client/profile-schema.ts';
import { VirtualNativeProcess } from '../client/native/native-process.ts';
import { shimFile } from '../client/native/shim-file.ts';
import type { Launch } from '../client/virtual/launch.ts';
import { VirtualNodeProcess } from '../client/virtual/node-process.ts';
import { VirtualNetwork } from '../shim/transport-virtual.ts';
import { addressesBelow, portsOfLoopback, type Places } from './places.ts';
import { Strays } from './strays.ts';
import type { World } from './world.ts';

/** Real time between two looks of a native client at what programs outside virtual time, such as hooks, want of it. */
const LOOK_MS = 2;
/** What a client may do at one moment: one that does more waits for something that only time can bring. */
const MAX_TURNS = 20_000;
/** No case of the field lasts longer: one that does waits for something that never comes. */
const HORIZON: Nanos = 36_600n * DAY;
/** Case time that servers have to come up, before the case begins. */
export const SERVERS_COME_UP: Nanos = 20n * SECOND;
/** The network is the case's own, so that servers on ::1 have the same ports in every run. */
const FIRST_PORT = 7231;

export interface VirtualOptions {
  readonly epochMs: number;
  readonly seed: number;
  readonly stallMs: number;
  readonly preload: string;
  /** Where Node clients are brought to life; absent: in processes of their own. */
  readonly launch?: Launch;
  /** The profile starts servers that come under this clock: it begins before case time 0, for them to come up. */
  readonly startsServers?: boolean;
  /** Which addresses servers have; default `ipv4`. */
  readonly network?: Network;
}

/** Virtual time: nothing passes while anybody has something to do, then all of it passes at once. */
export class VirtualWorld implements World {
  readonly name = 'virtual';
  readonly observer = 'virtual';
  readonly divisor = 1;
  readonly clock: VirtualClock;
  readonly transport: VirtualNetwork;
  readonly places: Places;
  readonly strays = new Strays();
  readonly epochMs: number;
  readonly #options: VirtualOptions;
  readonly #realStartMs = Date.now();
  readonly #wallOffsetMs = new Map<string, number>();
  #clients: (VirtualNodeProcess | VirtualNativeProcess)[] = [];
  /** Where real servers listen that the profile starts. */
  readonly #realPorts = new Set<number>();
  #held: Promise<unknown> = Promise.resolve();
  #holding = 0;

  constructor(options: VirtualOptions) {
    this.#options = options;
    this.epochMs = options.epochMs;
    this.clock = new VirtualClock(options.epochMs, options.startsServers ? -SERVERS_COME_UP : 0n);
    this.transport = new VirtualNetwork(this.clock);
    this.places =
      options.network === 'ipv6' ? portsOfLoopback(FIRST_PORT) : addressesBelow('127.77');
  }

  launch(spec: LaunchSpec, listener: ProcessListener): ClientProcess {
    const { epochMs, seed, stallMs, preload, launch } = this.#options;
    // A thread of a host cannot be a server too: it has a process of its own.
    const place = spec.listens === undefined ? launch : undefined;
    const offsets = this.#wallOffsetMs;
    // What a server of the profile dials is its own affair.
    const network =
      spec.listens === undefined
        ? this.transport.usedBy(
            (address, port) => {
              this.strays.add(address, port, spec.client);
              if ('strayed' in client) client.strayed(port);
            },
            (port) => !this.#realPorts.has(port),
          )
        : this.transport;
    if (spec.listens !== undefined) this.#realPorts.add(spec.listens);
    const around = {
      clock: this.clock,
      network,
      epochMs,
      seed,
      stallMs,
      wallOffsetMs: offsets.get(spec.client) ?? 0,
    };
    const freeUntil = () =>
      this.#clients.length === 1 ? (this.clock.next() ?? HORIZON) : undefined;
    const client = isNode(spec.command)
      ? new VirtualNodeProcess(
          spec,
          { ...around, preload, launch: place, realStartMs: this.#realStartMs, freeUntil },
          listener,
        )
      : new VirtualNativeProcess(spec, { ...around, shim: shimFile() }, listener);
    this.#clients.push(client);
    return {
      write: (text) => client.write(text),
      endInput: () => client.endInput(),
      terminate: () => client.terminate(),
      kill: () => client.kill(),
      setClock: (byMs) => {
        offsets.set(spec.client, (offsets.get(spec.client) ?? 0) + byMs);
        client.setClock(byMs);
      },
    };
  }

  async run(finished: () => boolean): Promise<void> {
    let turns = 0;
    while (!finished()) {
      await this.#settle();
      const client = this.#clients.find((candidate) => candidate.needsTurn);
      if (client) {
        if (++turns > MAX_TURNS)
          throw new HarnessError(
            `busy loop: the client was given ${MAX_TURNS} turns at ${formatDuration(this.clock.now())} and never waited` +
              ('doings' in client ? ` (${client.doings})` : ''),
          );
        await client.turn();
        if (client.ended) this.#clients = this.#clients.filter((other) => other !== client);
      } else {
        this.#advance();
        turns = 0;
      }
    }
  }

  /** Streams of the emulators do their work in ticks; what of it is real work is held, and may lead to more. */
  async #settle(): Promise<void> {
    for (let held; held !== this.#held;) {
      held = this.#held;
      while (this.#holding > 0) {
        await Promise.race([held, delay(LOOK_MS)]);
        await this.#look();
      }
      await held;
      await tick();
      await tick();
    }
  }

  async #counted(work: Promise<void>): Promise<void> {
    this.#holding++;
    try {
      await work;
    } finally {
      this.#holding--;
    }
  }

  /** What is held may be a hook that waits for an answer of the client, or has left it something. */
  async #look(): Promise<void> {
    for (const client of this.#clients) {
      if (client.ended || !('look' in client)) continue;
      client.look();
      await client.turn();
    }
    this.#clients = this.#clients.filter(({ ended }) => !ended);
  }

  #advance(): void {
    const deadlines = this.#clients.map(({ deadline }) => deadline);
    const next = [this.clock.next(), ...deadlines].reduce(earlier);
    if (next === undefined)
      throw new HarnessError(
        `deadlock: neither the play nor the client has anything left to do, and the case has not ended${this.#evidence()}`,
      );
    if (next > HORIZON)
      throw new HarnessError(`the case has not ended by ${formatDuration(HORIZON)}`);
    this.clock.advanceTo(next);
  }

  /** What the tasks of native clients wait in. */
  #evidence(): string {
    const waits = this.#clients.flatMap((client) =>
      'evidence' in client ? [client.evidence] : [],
    );
    return waits.map((wait) => `; ${wait}`).join('');
  }

  hold(work: Promise<void>): void {
    this.#held = Promise.all([this.#held, this.#counted(work)]);
  }

  wake(): void {}

  async close(): Promise<void> {
    for (const client of this.#clients) client.kill();
    for (const client of this.#clients) while (!client.ended) await client.turn();
    this.#clients = [];
  }
}

function earlier(a: Nanos | undefined, b: Nanos | undefined): Nanos | undefined {
  if (a === undefined) return b;
  return b === undefined || a <= b ? a : b;
}

function tick(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
