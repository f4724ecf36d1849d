import { isAbsolute } from 'node:path';
import { sweepMarked } from '../group.ts';
import { isNode } from '../is-node.ts';
import {
  type Launch,
  type Launched,
  type LaunchListener,
  type LaunchOptions,
  linkEnvironment,
} from '../virtual/launch.ts';
import { LINK_VARIABLES } from '../virtual/link.ts';
import { takeHost } from './host-pool.ts';

/** Why a client of that command cannot have a thread in place of a process; undefined: it can. */
export function whyNotThread([program, script]: readonly string[]): string | undefined {
  if (program === undefined || !isNode([program])) return 'only a Node script can';
  if (script === undefined || script.startsWith('-') || !isAbsolute(script))
    return 'its command is not [node, "{here}/script.js", …] (options of Node before the script belong to a process)';
  return undefined;
}

/** In a thread of a host. A signal to `pid` ends the host with the client in it; the next client gets another host. */
export const launchThread: Launch = (
  options: LaunchOptions,
  listener: LaunchListener,
): Launched => {
  const { spec, mark, outputs } = options;
  const [, script, ...argv] = spec.command;
  const [stdout, stderr] = outputs.paths;
  const env = {
    ...spec.env,
    ...linkEnvironment(options),
    [LINK_VARIABLES.run]: mark,
    UV_THREADPOOL_SIZE: '1',
    TZ: 'UTC',
  };
  const host = takeHost();
  let isOver = false;
  host.run(
    { script: script!, argv, env, folder: spec.folder, files: { stdout, stderr } },
    {
      failed: (error) => listener.failed(error),
      exited: (exit) => {
        isOver = true;
        listener.exited(exit);
      },
    },
  );
  return {
    get pid() {
      // The host may belong to somebody else by now.
      return isOver ? undefined : host.pid;
    },
    kill() {
      if (!isOver) host.kill();
    },
    // A look at every process of the machine costs as much as a short case: only where there can be one.
    sweep(hadChildren) {
      if (hadChildren) sweepMarked(mark);
    },
  };
};
