// Which of the real servers that a profile starts come under the clock of the case, and which keep real time.
import { basename } from 'node:path';
import { isNode } from '../client/is-node.ts';
import type { Profile } from '../client/profile.ts';
import type { UpstreamAddress } from '../shim/upstream.ts';
import { type StartOptions, StartedUpstreams } from './started-upstreams.ts';
import { VirtualUpstreams } from './virtual-upstreams.ts';
import { VirtualWorld } from './virtual-world.ts';
import type { World } from './world.ts';

export interface OpenUpstreams {
  /** Starts those of these servers that have a command. Throws a HarnessError. */
  start(servers: readonly string[]): Promise<Readonly<Record<string, UpstreamAddress>>>;
  /** From now on they may end. */
  release(): void;
  /** Ends those that keep real time; the world ends the others. */
  close(): Promise<void>;
}

export function openUpstreams(options: StartOptions, world: World): OpenUpstreams {
  const { commands } = options;
  const real = new StartedUpstreams(options);
  const inside = world instanceof VirtualWorld ? new VirtualUpstreams(options, world) : undefined;
  return {
    async start(servers) {
      const own = servers.filter((server) => Object.hasOwn(commands, server));
      const isInside = (server: string) =>
        inside !== undefined && isNode(commands[server]!.command);
      return {
        ...(await real.start(own.filter((server) => !isInside(server)))),
        ...(await inside?.start(own.filter(isInside))),
      };
    },
    release() {
      real.release();
      inside?.release();
    },
    close: () => real.close(),
  };
}

/** Node programs that are to run servers under the clock of a case. */
export function nodesOfServers({ upstreamCommands }: Profile): readonly string[] {
  const commands = Object.values(upstreamCommands).map(({ command }) => command);
  return [...new Set(commands.filter(isNode).map(([program]) => program!))];
}

/** What a report says of them where the client is in virtual time; undefined: there are none. */
export function serversInWords({ upstreamCommands }: Profile): string | undefined {
  const all = Object.entries(upstreamCommands);
  const inside = all.filter(([, { command }]) => isNode(command)).map(([server]) => server);
  const others = all.filter(([, { command }]) => !isNode(command));
  const words = others.map(
    ([server, { command }]) => `${server} keeps real time: ${basename(command[0]!)} is not Node`,
  );
  if (inside.length > 0) words.unshift(`${inside.join(', ')} under the same clock (beta)`);
  return words.length > 0 ? `servers: ${words.join('; ')}` : undefined;
}
