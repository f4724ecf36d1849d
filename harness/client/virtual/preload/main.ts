// Preloaded into an unmodified Node client (`node --expose-internals --import …`): puts it into virtual time.
//
// Timers and sockets are no longer libuv's, so only real work (files, cryptography, a compiler) keeps its loop alive. When that is
// done Node emits `beforeExit`: the process is quiet, and the harness may move the clock.
import { spawnSync } from 'node:child_process';
import { syncBuiltinESMExports } from 'node:module';
import { isMainThread } from 'node:worker_threads';
import { LINK_VARIABLES } from '../link.ts';
import { type Opened, openChannel } from './channel.ts';
import { installClock, ProcessClock } from './clock.ts';
import { installDurability } from './durability.ts';
import { installEscapes } from './escapes.ts';
import { Family } from './family.ts';
import { FileTimes } from './file-times.ts';
import { installHolds } from './holds.ts';
import { installHttpClock } from './http-clock.ts';
import {
  areExposed,
  type Internals,
  isHttpLoaded,
  loadInternals,
  loadServerInternals,
  quietly,
} from './internals.ts';
import { installListening } from './listening.ts';
import { installNames } from './names.ts';
import { installPerformance } from './performance.ts';
import { installPids } from './pids.ts';
import { installRandom } from './random.ts';
import { Rest } from './rest.ts';
import { installSockets, VirtualSockets } from './sockets.ts';
import { installStdin } from './stdin.ts';
import { FLAG, Surroundings } from './surroundings.ts';
import { installTls } from './tls.ts';
import { installWaiting } from './waiting.ts';

const ESCAPE = Symbol.for('meterproof.escape');
const DIE = Symbol.for('meterproof.die');
const hosted = globalThis as unknown as Partial<
  Record<typeof DIE, (signal: NodeJS.Signals) => void>
>;

if ((isMainThread || isHosted()) && process.env[LINK_VARIABLES.socket]) {
  if (areExposed()) join();
  else startAgain();
}

/** A client may have a thread of a host process in place of a process: `harness/client/worker` says so. */
function isHosted(): boolean {
  return ESCAPE in globalThis;
}

function join(): void {
  const internals = loadInternals();
  const around = new Surroundings(process.env);
  const opened = openChannel(internals.pipe, around.socket, around.run);
  const rest = install(internals, around, opened);
  const realEmit = process.emit.bind(process) as (name: string, ...args: unknown[]) => boolean;
  const emit = (name: string, ...args: unknown[]): boolean => {
    // The client hears of the end of its work only when it is the end.
    if (name === 'beforeExit' && !rest.rest()) return true;
    const heard = realEmit(name, ...args);
    if (name === 'exit') rest.end(Number(process.exitCode ?? args[0]));
    return heard;
  };
  process.emit = emit as typeof process.emit;
}

function install(internals: Internals, around: Surroundings, { channel, welcome }: Opened): Rest {
  const realNow = Date.now.bind(Date);
  const clock = new ProcessClock(welcome);
  const escape = (what: string) => channel.escape(what);
  if (isHosted()) Object.assign(globalThis, { [ESCAPE]: escape });
  const sockets = new VirtualSockets(internals);
  const family = new Family(internals, channel, around, welcome);
  const fileTimes = new FileTimes({
    realStartMs: welcome.realStartMs,
    wallMs: () => clock.wallMs(),
    realNowMs: realNow,
  });
  const stdin = installStdin(welcome.first, around);
  const { pid } = process;
  const kill = process.kill.bind(process);
  const die = hosted[DIE] ?? ((signal: NodeJS.Signals) => void kill(pid, signal));
  const rest = new Rest({ channel, clock, internals, sockets, stdin, family, fileTimes, die });
  installPids(welcome, (question) => channel.ask(question));
  installHolds(channel, internals);
  installClock(clock, internals);
  installPerformance(clock);
  installRandom(welcome.seed);
  installSockets(sockets, internals);
  installNames();
  installTls();
  installWaiting((ms) => rest.sleep(ms), escape);
  fileTimes.install(internals, channel.fd);
  installDurability(internals);
  const { listens } = welcome;
  if (listens !== undefined) {
    if (isHttpLoaded()) escape('node:http before its time is virtual (--require, or --import)');
    const server = loadServerInternals();
    installHttpClock(clock, server);
    installListening(sockets, listens, { ...internals, ...server }, escape);
  }
  installEscapes(escape, internals, {
    readsStdin: stdin !== undefined,
    mayListen: listens !== undefined,
  });
  family.install((action) => rest.inSync(action));
  syncBuiltinESMExports();
  return rest;
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
