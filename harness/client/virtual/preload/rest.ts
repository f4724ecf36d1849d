import { performance } from 'node:perf_hooks';
import type { ClientEvent, ClientTurn, Grant } from '../link.ts';
import type { Channel } from './channel.ts';
import type { ProcessClock } from './clock.ts';
import type { Family } from './family.ts';
import type { FileTimes } from './file-times.ts';
import type { Internals } from './internals.ts';
import type { MessagePorts } from './ports.ts';
import type { VirtualSockets } from './sockets.ts';
import type { VirtualStdin } from './stdin.ts';

export interface RestOptions {
  readonly channel: Channel;
  readonly clock: ProcessClock;
  readonly internals: Internals;
  readonly sockets: VirtualSockets;
  readonly stdin: VirtualStdin | undefined;
  readonly family: Family;
  readonly ports: MessagePorts;
  readonly fileTimes: FileTimes;
  /** Ends the process as the system does on a signal that it does not handle. */
  readonly die: (signal: NodeJS.Signals) => void;
}

/** So often it goes on by itself before it gives a sign of life. */
const STEPS_ALONE = 100;

/** The process at rest: tells what it did and until when it waits, stands still, and does what the harness brings. */
export class Rest {
  readonly #options: RestOptions;
  /** Came while it slept or stood in a synchronous child. */
  #pending: ClientEvent[] = [];
  #events = 0;
  #stirred = false;
  /** Where it was last seen, by the harness or by itself, case time in ms: its clock is further when it spun on it. */
  #atMs = 0;
  /** Nothing happens to it before then, case time in ms. */
  #freeUntilMs = 0;
  #stepsAlone = 0;

  constructor(options: RestOptions) {
    this.#options = options;
  }

  /** Called when nothing but virtual time can bring the process on. True: it may end, as it would by itself. */
  rest(): boolean {
    const { family, ports, channel } = this.#options;
    // What comes through a pipe from a relative, or through a port, is there at once, but only the next round of the loop sees it.
    const isComing = (family.hasRelatives || ports.areUsed) && this.#hasStirred();
    if (ports.takeTouched() || isComing) {
      setImmediate(() => {});
      return false;
    }
    const turn = this.#turn();
    if (!this.#goOn(turn)) {
      const grant = channel.ask<Grant>(turn);
      this.#take(grant);
      if (grant.exit) return true;
      this.#act();
    }
    // Keeps the loop alive for one more round, after which the process is at rest again.
    setImmediate(() => {});
    return false;
  }

  /** After the client has heard of the end of its work: what it has begun at that is waited for, as Node waits for it. */
  goOnIfAlive(): void {
    this.#options.internals.runTicks();
    if (this.#isAlive()) setImmediate(() => {});
  }

  /** Where nothing happened, and nothing can before its next timer, it need not ask for the time. False: it must. */
  #goOn({ ops, alive, wrote, said, reads, stirred, nowMs, nextMs }: ClientTurn): boolean {
    const { family, clock } = this.#options;
    if (!alive || nextMs === null || nowMs !== this.#atMs || family.hasRelatives) return false;
    if (ops.length > 0 || wrote || said || reads || stirred) return false;
    const atMs = Math.ceil(nextMs);
    if (atMs <= nowMs || atMs >= this.#freeUntilMs || ++this.#stepsAlone > STEPS_ALONE)
      return false;
    clock.advance(atMs);
    this.#atMs = atMs;
    this.#act();
    return true;
  }

  /** Before it ends without a last word: the harness has to know when. */
  catchUp(): void {
    if (this.#stepsAlone > 0) this.sleep(0);
  }

  /** The last message: what it did until it ended. */
  end(code: number): void {
    this.#options.channel.tell({ ...this.#turn(), exit: code });
  }

  /** Stands still for so long; what comes meanwhile waits. */
  sleep(ms: number): void {
    const { channel, clock } = this.#options;
    const untilMs = clock.caseMs + ms;
    const nextMs = Number.isFinite(untilMs) ? untilMs : null;
    do {
      this.#take(channel.ask<Grant>({ ...this.#turn(), nextMs, alive: true }));
      this.#dieOfSignal();
    } while (clock.caseMs < untilMs);
  }

  /** Runs a synchronous child process, in which time may pass. */
  inSync<T>(action: () => T): T {
    const { channel, clock } = this.#options;
    channel.tell({ ...this.#turn(), alive: true, blocked: true });
    try {
      return action();
    } finally {
      this.#take(channel.ask<Grant>({ ...this.#turn(), nextMs: clock.caseMs, alive: true }));
    }
  }

  /** The system ends a process for a signal that it does not handle, also one that stands still; a handler would wait for the loop. */
  #dieOfSignal(): void {
    for (const event of this.#pending)
      if (event.event === 'signal' && process.listenerCount(event.signal) === 0)
        this.#options.die(event.signal);
  }

  #take({ nowMs, events, soon, untilMs = 0 }: Grant): void {
    const { clock, channel } = this.#options;
    clock.advance(nowMs);
    this.#atMs = nowMs;
    this.#freeUntilMs = untilMs;
    this.#stepsAlone = 0;
    channel.isEager = soon === true;
    this.#pending.push(...events);
  }

  #hasStirred(): boolean {
    const { events } = performance.nodeTiming.uvMetricsInfo;
    const stirred = events !== this.#events;
    this.#events = events;
    this.#stirred ||= stirred;
    return stirred;
  }

  #turn(): ClientTurn {
    const { clock, sockets, stdin, family, fileTimes, internals } = this.#options;
    const isPending = this.#pending.length > 0;
    const next = internals.nextTimerList();
    const dueMs = next ? clock.toCaseMs(next.expiry) : null;
    const children = family.hasRelatives ? family.children() : [];
    const stirred = this.#stirred;
    this.#stirred = false;
    return {
      ops: sockets.takeOps(),
      nowMs: clock.caseMs,
      nextMs: isPending ? clock.caseMs : dueMs,
      alive: isPending || this.#isAlive(),
      ...(fileTimes.takeWrote() && { wrote: true }),
      ...(fileTimes.takeSaid() && { said: true }),
      ...(stirred && { stirred }),
      ...(stdin?.takeReads() && { reads: true }),
      ...(children.length > 0 && { children }),
    };
  }

  /** True while, without us, something would keep the event loop going. */
  #isAlive(): boolean {
    const { sockets, stdin, family, ports, internals } = this.#options;
    return (
      internals.aliveTimers[0]! > 0 ||
      sockets.keepAlive() ||
      stdin?.keepsAlive() === true ||
      family.keepAlive() ||
      ports.keepAlive()
    );
  }

  #act(): void {
    const { clock, internals } = this.#options;
    for (const event of this.#pending.splice(0)) {
      this.#deliver(event);
      internals.runTicks();
    }
    const due = internals.nextTimerList();
    if (due && due.expiry <= clock.sinceStartMs()) {
      internals.processTimers(Math.floor(clock.sinceStartMs()));
      internals.runTicks();
    }
  }

  #deliver(event: ClientEvent): void {
    const { sockets, stdin, clock } = this.#options;
    if (event.event === 'stdin') stdin?.receive(Buffer.from(event.base64, 'base64'));
    else if (event.event === 'stdin-end') stdin?.receive(null);
    else if (event.event === 'signal') this.#receive(event.signal);
    else if (event.event === 'clock') clock.setWall(event.byMs);
    else sockets.deliver(event);
  }

  /** A signal that came at a moment of virtual time. */
  #receive(signal: NodeJS.Signals): void {
    if (process.listenerCount(signal) > 0) process.emit(signal, signal);
    else this.#options.die(signal);
  }
}
