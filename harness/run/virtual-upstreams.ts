// Real servers that the profile lets us start, under the clock of the case: Node programs in virtual time that may listen (beta).
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { formatDuration } from '../clock/duration.ts';
import { HarnessError } from '../client/process.ts';
import type { UpstreamAddress } from '../shim/upstream.ts';
import { VirtualSocket } from '../shim/upstream-virtual.ts';
import { inherited } from './prepare-client.ts';
import {
  ending,
  HOST,
  lastWords,
  MAX_WORDS,
  prepareUpstream,
  type StartOptions,
} from './started-upstreams.ts';
import { SERVERS_COME_UP, type VirtualWorld } from './virtual-world.ts';

/** The network is the case's own, so that each server has the same port in every run. */
const FIRST_PORT = 40_001;

interface Running {
  readonly port: number;
  said: string;
  /** How it ended. */
  why: string | undefined;
}

export class VirtualUpstreams {
  readonly #options: StartOptions;
  readonly #world: VirtualWorld;
  readonly #running = new Map<string, Running>();
  #isReleased = false;

  constructor(options: StartOptions, world: VirtualWorld) {
    this.#options = options;
    this.#world = world;
  }

  /**
   * Starts these servers, and lets their time pass until case time 0. Throws a HarnessError with the last words of one that does
   * not come up. The world ends them.
   */
  async start(servers: readonly string[]): Promise<Readonly<Record<string, UpstreamAddress>>> {
    const { clock, transport } = this.#world;
    const addresses = servers.map(
      (server, index) => [server, this.#launch(server, index)] as const,
    );
    clock.at(0n, () => {});
    await this.#world.run(() => clock.now() >= 0n || this.#dead() !== undefined);
    const [dead, how] = this.#dead() ?? [];
    if (dead !== undefined) throw new HarnessError(ending(dead, how!.why!, how!.said));
    for (const [server, { port, said }] of this.#running)
      if (!transport.isOpen(HOST, port))
        throw new HarnessError(
          `the real server behind ${server} accepts no connection on ${HOST}:${port} after ${formatDuration(SERVERS_COME_UP)} of virtual time; its command must listen where {host} and {port} say${lastWords(said)}`,
        );
    return Object.fromEntries(addresses);
  }

  /** From now on they may end. */
  release(): void {
    this.#isReleased = true;
  }

  #launch(server: string, index: number): UpstreamAddress {
    const { commands, folder, fail } = this.#options;
    const { command, tls } = commands[server]!;
    const port = FIRST_PORT + index;
    const { words, own } = prepareUpstream(command, { server, port }, this.#options);
    const outputFolder = join(folder, `upstream-${server}-output`);
    mkdirSync(outputFolder);
    const running: Running = { port, said: '', why: undefined };
    this.#running.set(server, running);
    const hear = (chunk: Buffer) =>
      void (running.said = (running.said + chunk.toString()).slice(-MAX_WORDS));
    const end = (why: string) => {
      running.why ??= why;
      if (!this.#isReleased) fail(ending(server, running.why, running.said));
    };
    const process = this.#world.launch(
      {
        command: words,
        env: inherited(),
        folder: own,
        client: `the real server behind ${server}`,
        run: 1,
        listens: port,
        outputFolder,
      },
      {
        stdout: hear,
        stderr: hear,
        broke: (why) => void (running.why ??= why),
        exited: ({ code, signal }) => end(signal ?? `exit status ${code}`),
      },
    );
    process.endInput();
    const { transport } = this.#world;
    return { host: HOST, port, tls, connect: () => new VirtualSocket(transport, HOST, port) };
  }

  #dead(): readonly [server: string, how: Running] | undefined {
    return [...this.#running].find(([, { why }]) => why !== undefined);
  }
}
