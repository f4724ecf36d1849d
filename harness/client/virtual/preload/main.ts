// Preloaded into an unmodified Node client (`node --expose-internals --import …`): puts it into virtual time.
//
// Timers and sockets are no longer libuv's, so only real work (files, cryptography, a compiler) keeps its loop alive. When that is
// done Node emits `beforeExit`: the process is quiet, and the harness may move the clock.
import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { isMainThread } from 'node:worker_threads';
import { LINK_READ_FD, LINK_WRITE_FD, type ClientTurn, type Grant, type Welcome } from '../link.ts';
import { installClock, ProcessClock } from './clock.ts';
import { loadInternals } from './internals.ts';
import { installRandom } from './random.ts';
import { VirtualSockets, installSockets } from './sockets.ts';
import { installStdin } from './stdin.ts';

/** Exit status when the harness is gone: nobody is left to be told. */
const ORPHANED = 70;

if (isMainThread && process.env['METERPROOF_VIRTUAL'] === '1') install();

function install(): void {
  const internals = loadInternals();
  const exchange = openLink();
  const welcome = exchange<Welcome>({ hello: process.version });
  const clock = new ProcessClock(welcome);
  const sockets = new VirtualSockets(internals);
  installClock(clock, internals);
  installRandom(welcome.seed);
  installSockets(sockets, internals);
  const stdin = installStdin();
  syncBuiltinESMExports();

  const turn = (exit?: number): ClientTurn => {
    const next = internals.nextTimerList();
    return {
      ops: sockets.takeOps(),
      nextMs: next ? clock.toCaseMs(next.expiry) : null,
      alive: internals.aliveTimers[0]! > 0 || sockets.keepAlive() || stdin.keepsAlive(),
      ...(exit !== undefined && { exit }),
    };
  };
  const act = (grant: Grant): void => {
    clock.advance(grant.nowMs);
    for (const event of grant.events) {
      if (event.event === 'stdin') stdin.push(Buffer.from(event.base64, 'base64'));
      else if (event.event === 'stdin-end') stdin.push(null);
      else if (event.event === 'signal') receive(event.signal);
      else if (event.event === 'clock') clock.setWall(event.byMs);
      else sockets.deliver(event);
      internals.runTicks();
    }
    const due = internals.nextTimerList();
    if (due && due.expiry <= clock.sinceStartMs()) {
      internals.processTimers(Math.floor(clock.sinceStartMs()));
      internals.runTicks();
    }
  };
  process.on('beforeExit', () => {
    const grant = exchange<Grant>(turn());
    if (grant.exit) return;
    act(grant);
    // Keeps the loop alive for one more round, after which `beforeExit` comes again.
    setImmediate(() => {});
  });
  process.on('exit', (code) => fs.writeSync(LINK_WRITE_FD, `${JSON.stringify(turn(code))}\n`));
}

/** A signal that came at a moment of virtual time. */
function receive(signal: NodeJS.Signals): void {
  if (process.listenerCount(signal) > 0) process.emit(signal, signal);
  else process.kill(process.pid, signal);
}

/** Says one thing and waits for the answer, without ever letting the event loop run. */
function openLink(): <Answer>(message: object) => Answer {
  const { writeSync, readSync } = fs;
  const chunk = Buffer.alloc(1 << 16);
  let unread = '';
  return <Answer>(message: object) => {
    writeSync(LINK_WRITE_FD, `${JSON.stringify(message)}\n`);
    let newline: number;
    while ((newline = unread.indexOf('\n')) < 0) {
      const length = readSync(LINK_READ_FD, chunk, 0, chunk.length, null);
      if (length === 0) process.reallyExit(ORPHANED);
      unread += chunk.toString('latin1', 0, length);
    }
    const line = unread.slice(0, newline);
    unread = unread.slice(newline + 1);
    return JSON.parse(line) as Answer;
  };
}

declare global {
  namespace NodeJS {
    interface Process {
      reallyExit(code: number): never;
    }
  }
}
