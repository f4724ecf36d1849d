// Preloaded into an unmodified Node client (`node --expose-internals --import …`): puts it into virtual time.
import { spawnSync } from 'node:child_process';
import { isMainThread } from 'node:worker_threads';
import { LINK_VARIABLES } from '../link.ts';
import { areExposed, quietly } from './internals.ts';
import { join } from './join.ts';
import { FLAG } from './surroundings.ts';

if (isMainThread && process.env[LINK_VARIABLES.socket]) {
  if (areExposed()) join();
  else startAgain();
}

/** A script that names Node by its path got neither the flag nor a wrapper: starts the same program once more, with the flag. */
function startAgain(): never {
  const args = [FLAG, ...process.execArgv, ...process.argv.slice(1)];
  const { execve } = process as { execve?(file: string, args: string[]): never };
  if (execve) quietly(() => execve.call(process, process.execPath, [process.argv0, ...args]));
  const { status, signal } = spawnSync(process.execPath, args, { stdio: 'inherit' });
  if (signal) process.kill(process.pid, signal);
  process.reallyExit(status ?? 1);
}
