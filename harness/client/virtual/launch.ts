// How a Node client in virtual time is brought to life.
import { delimiter } from 'node:path';
import { pathToFileURL } from 'node:url';
import { spawnGroup, sweep } from '../group.ts';
import type { Exit, LaunchSpec } from '../process.ts';
import { LINK_VARIABLES } from './link.ts';
import type { LinkServer } from './link-server.ts';
import type { Outputs } from '../outputs.ts';

export interface LaunchOptions {
  readonly spec: LaunchSpec;
  /** Path of the compiled preload. */
  readonly preload: string;
  readonly link: LinkServer;
  /** Tells the link, and whoever cleans up, what belongs to this client. */
  readonly mark: string;
  readonly outputs: Outputs;
  /** For its children that are not Node: what they preload, and the file in which that writes where they connect to. */
  readonly observer?: { readonly preload: string; readonly file: string } | undefined;
}

export interface LaunchListener {
  failed(error: Error): void;
  exited(exit: Exit): void;
}

export interface Launched {
  /** Leader of the process group that ends with the client; undefined once that is over. */
  readonly pid: number | undefined;
  /** Ends it as SIGKILL would, once its links are closed; absent: that signal is sent to its group. */
  kill?(): void;
  /** Ends what the client left behind. `hadChildren`: it has started processes, or was one of several. */
  sweep(hadChildren: boolean): void;
}

export type Launch = (options: LaunchOptions, listener: LaunchListener) => Launched;

/** What the preload needs to find the harness, beside the client's own environment. */
export function linkEnvironment({
  preload,
  link,
  observer,
}: Pick<LaunchOptions, 'preload' | 'link' | 'observer'>): Record<string, string> {
  return {
    // esbuild, and tsx with it, compiles in a worker thread, which time could not follow; so it starts a program, which is waited for.
    ESBUILD_WORKER_THREADS: '0',
    [LINK_VARIABLES.socket]: link.path,
    [LINK_VARIABLES.preload]: pathToFileURL(preload).href,
    [LINK_VARIABLES.bin]: link.bin,
    ...(observer && {
      [LINK_VARIABLES.observer]: observer.preload,
      [LINK_VARIABLES.dials]: observer.file,
    }),
  };
}

/** In a process of its own. */
export function launchProcess(options: LaunchOptions, listener: LaunchListener): Launched {
  const { spec, preload, link, mark, outputs } = options;
  const { command, env, folder } = spec;
  const virtual = {
    ...linkEnvironment(options),
    NODE_OPTIONS: `${env['NODE_OPTIONS'] ?? ''} --import=${pathToFileURL(preload).href}`.trim(),
    PATH: `${link.bin}${delimiter}${env['PATH'] ?? ''}`,
    UV_THREADPOOL_SIZE: '1',
    TZ: 'UTC',
  };
  const child = spawnGroup(
    [command[0]!, '--expose-internals', ...command.slice(1)],
    { env: { ...env, ...virtual }, folder },
    mark,
    // Nobody writes to its real standard input: who reads it past the preload waits for ever, and is told so.
    ['pipe', ...outputs.fds],
  );
  child.stdin!.on('error', () => {});
  child.on('error', (error) => listener.failed(error));
  child.on('exit', (code, signal) => listener.exited({ code, signal }));
  return {
    pid: child.pid,
    sweep() {
      if (child.pid !== undefined) sweep(child.pid, mark);
      child.stdin!.destroy();
    },
  };
}
