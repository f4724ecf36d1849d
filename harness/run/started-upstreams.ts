// Real servers that the profile lets us start: for each case anew, in real time, and gone with it.
import type { ChildProcess } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdirSync } from 'node:fs';
import { type AddressInfo, connect, createServer } from 'node:net';
import { join } from 'node:path';
import { placeTemplates, type ServerAddress } from '../client/configuration.ts';
import { signalGroup, spawnGroup, sweep } from '../client/group.ts';
import { lastLines } from '../client/last-lines.ts';
import { HarnessError } from '../client/process.ts';
import type { Profile } from '../client/profile.ts';
import { expandTemplate } from '../client/template.ts';
import type { UpstreamAddress } from '../shim/upstream.ts';
import { inherited } from './prepare-client.ts';

export const HOST = '127.0.0.1';
/** Real ms that a server may take until it accepts connections. */
const READY_MS = 20_000;
const LOOK_MS = 25;
export const MAX_WORDS = 4_000;

export interface StartOptions {
  readonly commands: Profile['upstreamCommands'];
  /** Where the client finds its servers, which some servers must tell it. */
  readonly places?: readonly ServerAddress[];
  /** Each server gets a folder of its own below. */
  readonly folder: string;
  /** A server has ended while it was needed: nobody can be judged by that. */
  readonly fail: (message: string) => void;
  readonly readyMs?: number;
}

interface Running {
  readonly child: ChildProcess;
  readonly ended: Promise<unknown>;
}

export class StartedUpstreams {
  readonly #options: StartOptions;
  readonly #running: Running[] = [];
  #closing = false;

  constructor(options: StartOptions) {
    this.#options = options;
  }

  /** Starts those of these servers that have a command. Throws a HarnessError with the last words of one that does not come up. */
  async start(servers: readonly string[]): Promise<Readonly<Record<string, UpstreamAddress>>> {
    const { commands } = this.#options;
    const own = servers.filter((server) => Object.hasOwn(commands, server));
    const started = own.map(async (server) => [server, await this.#startOne(server)] as const);
    const settled = await Promise.allSettled(started);
    const failed = settled.find((result) => result.status === 'rejected');
    if (failed) throw failed.reason;
    return Object.fromEntries(await Promise.all(started));
  }

  /** From now on they may end. */
  release(): void {
    this.#closing = true;
  }

  /** Ends all of them, and what they have started. */
  async close(): Promise<void> {
    this.release();
    for (const { child } of this.#running)
      if (child.pid !== undefined) signalGroup(child.pid, 'SIGKILL');
    await Promise.all(this.#running.map(({ ended }) => ended));
  }

  async #startOne(server: string): Promise<UpstreamAddress> {
    const { commands, fail, readyMs = READY_MS } = this.#options;
    const { command, tls } = commands[server]!;
    const port = await freePort();
    const { words, own } = prepareUpstream(command, { server, port }, this.#options);
    const mark = randomUUID();
    const child = spawnGroup(words, { env: inherited(), folder: own }, mark, [
      'ignore',
      'pipe',
      'pipe',
    ]);
    let said = '';
    for (const stream of [child.stdout!, child.stderr!])
      stream.on('data', (chunk: Buffer) => (said = (said + chunk.toString()).slice(-MAX_WORDS)));
    let why: string | undefined;
    let isReady = false;
    const ended = new Promise<void>((resolve) => {
      const end = (how: string): void => {
        if (why !== undefined) return;
        why = how;
        if (child.pid !== undefined) sweep(child.pid, mark);
        if (isReady && !this.#closing) fail(ending(server, why, said));
        resolve();
      };
      child.on('error', (error) => end(`it could not be started: ${error.message}`));
      child.on('exit', (code, signal) => end(signal ?? `exit status ${code}`));
    });
    this.#running.push({ child, ended });
    const until = performance.now() + readyMs;
    while (!(await accepts(port))) {
      if (why !== undefined) throw new HarnessError(ending(server, why, said));
      if (performance.now() > until)
        throw new HarnessError(
          `the real server behind ${server} accepts no connection on ${HOST}:${port} after ${readyMs} ms; its command must listen where {host} and {port} say${lastWords(said)}`,
        );
      await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
    }
    isReady = true;
    return { host: HOST, port, tls };
  }
}

/** Its command with its templates filled in, and its folder, which is made. */
export function prepareUpstream(
  command: readonly string[],
  { server, port }: { server: string; port: number },
  { folder, places = [] }: Pick<StartOptions, 'folder' | 'places'>,
): { readonly words: readonly string[]; readonly own: string } {
  const own = join(folder, `upstream-${server}`);
  mkdirSync(own, { recursive: true });
  const ours = { host: HOST, port: String(port), server, folder: own };
  const values = new Map([...placeTemplates(places), ...Object.entries(ours)]);
  return { words: command.map((word) => expandTemplate(word, values)), own };
}

export function ending(server: string, why: string, said: string): string {
  return `the real server behind ${server}, which the profile starts, has ended by itself (${why})${lastWords(said)}`;
}

export function lastWords(said: string): string {
  const lines = lastLines(said, 8);
  return lines.length > 0
    ? `\n  its last words:${lines.map((line) => `\n    ${line}`).join('')}`
    : '';
}

async function freePort(): Promise<number> {
  const server = createServer();
  server.listen(0, HOST);
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host: HOST, port });
    socket.on('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.on('error', () => resolve(false));
  });
}
