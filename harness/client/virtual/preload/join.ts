// Puts a Node program into virtual time.
//
// Timers and sockets are no longer libuv's, so only real work (files, cryptography, a compiler) keeps its loop alive. When that is
// done Node emits `beforeExit`: the program is quiet, and the harness may move the clock.
import { syncBuiltinESMExports } from 'node:module';
import { type Opened, openChannel } from './channel.ts';
import { installClock, ProcessClock } from './clock.ts';
import { installDurability } from './durability.ts';
import { installEscapes } from './escapes.ts';
import { Family } from './family.ts';
import { FileTimes } from './file-times.ts';
import { installHolds } from './holds.ts';
import { installHttpClock } from './http-clock.ts';
import { installIntl } from './intl.ts';
import { type Internals, isHttpLoaded, loadInternals, loadServerInternals } from './internals.ts';
import { installListening } from './listening.ts';
import { installNames } from './names.ts';
import { installPerformance } from './performance.ts';
import { installPids } from './pids.ts';
import { MessagePorts } from './ports.ts';
import { installRandom } from './random.ts';
import { Rest } from './rest.ts';
import { installSockets, VirtualSockets } from './sockets.ts';
import { installSqlite } from './sqlite.ts';
import { installStdin } from './stdin.ts';
import { Surroundings } from './surroundings.ts';
import { installTls } from './tls.ts';
import { installWaiting } from './waiting.ts';
import { installWeak } from './weak.ts';

/** Ends the program as the system does on a signal that it does not handle. */
export type Die = (signal: NodeJS.Signals) => void;

/** Says what virtual time cannot follow, and stands still. */
export type EscapeFrom = (what: string) => never;

/** Puts the program that is about to begin into virtual time. `die`: as a thread does it; absent: as a process. */
export function join(die: Die = killItself()): EscapeFrom {
  const internals = loadInternals();
  const around = new Surroundings(process.env);
  const opened = openChannel(internals.pipe, around.socket, around.run);
  const { channel } = opened;
  const escape = (what: string): never => channel.escape(what);
  const rest = install(internals, around, opened, { die, escape });
  const realEmit = process.emit.bind(process) as (name: string, ...args: unknown[]) => boolean;
  const emit = (name: string, ...args: unknown[]): boolean => {
    // The client hears of the end of its work only when it is the end.
    if (name === 'beforeExit' && !rest.rest()) return true;
    const heard = realEmit(name, ...args);
    if (name === 'beforeExit') rest.goOnIfAlive();
    if (name === 'exit') rest.end(Number(process.exitCode ?? args[0]));
    return heard;
  };
  process.emit = emit as typeof process.emit;
  return escape;
}

function killItself(): Die {
  const { pid } = process;
  const kill = process.kill.bind(process);
  return (signal) => void kill(pid, signal);
}

function install(
  internals: Internals,
  around: Surroundings,
  { channel, welcome }: Opened,
  { die, escape }: { die: Die; escape: EscapeFrom },
): Rest {
  const realNow = Date.now.bind(Date);
  const clock = new ProcessClock(welcome);
  const sockets = new VirtualSockets(internals);
  const family = new Family(internals, channel, around, welcome);
  const fileTimes = new FileTimes({
    realStartMs: welcome.realStartMs,
    wallMs: () => clock.wallMs(),
    realNowMs: realNow,
  });
  const stdin = installStdin(welcome.first, around);
  const ports = new MessagePorts();
  const rest = new Rest({
    channel,
    clock,
    internals,
    sockets,
    stdin,
    family,
    ports,
    fileTimes,
    die,
  });
  installPids(
    welcome,
    (question) => channel.ask(question),
    () => rest.catchUp(),
  );
  installHolds(channel, internals);
  installClock(clock, internals);
  installIntl(clock);
  installPerformance(clock);
  installRandom(welcome.seed);
  installSqlite(clock);
  installSockets(sockets, internals);
  installNames();
  installTls();
  installWeak();
  ports.install();
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
