import type { ChildProcess } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import type { Nanos } from '../../clock/clock.ts';
import { formatDuration } from '../../clock/duration.ts';
import type { VirtualClock } from '../../clock/virtual.ts';
import type { VirtualNetwork } from '../../shim/transport-virtual.ts';
import { signalGroup, spawnGroup, sweep } from '../group.ts';
import { Outputs } from '../outputs.ts';
import { Patience } from '../patience.ts';
import {
  HarnessError,
  MAX_OUTPUT_BYTES,
  type ClientProcess,
  type Exit,
  type LaunchSpec,
  type ProcessListener,
  tellNotStarted,
} from '../process.ts';
import { Births } from './births.ts';
import { Bridge } from './bridge.ts';
import { escaped, whyNotFollowed } from './escape.ts';
import { alignTimes } from './file-times.ts';
import { Haste } from './haste.ts';
import { Links } from './links.ts';
import { environment, firstPidOf, seedOf } from './launch.ts';
import { callName, describe, listensAt, nameOf, processGone, threadGone } from './procfs.ts';
import { whyNotNative } from './program.ts';
import {
  encodeTurn,
  EVENT,
  readConnect,
  readWait,
  UP,
  type TurnEvent,
  type Up,
} from './protocol.ts';
import { Tree, type Process, type Task } from './tree.ts';

/** How often what only /proc tells is looked at, ms of real time: most of it is there at once. */
const LOOK_MS = 1;
const LOOKS_MS = [...Array.from({ length: 20 }, () => 0), LOOK_MS];
const OUTPUT_CHECK_MS = 100;
/** What a task does in its turn wakes us. */
const TURN_LOOKS_MS = [OUTPUT_CHECK_MS];
const NANOS_PER_MS = 1_000_000n;
/** Within one turn; a large download takes many, and is allowed the time of a stall for them. */
const MAX_STEPS = 20_000;

export interface NativeSurroundings {
  readonly clock: VirtualClock;
  readonly network: VirtualNetwork;
  readonly seed: number;
  readonly epochMs: number;
  /** What the play has moved the client's wall clock by so far, ms. */
  readonly wallOffsetMs: number;
  /** Real time that a task may have its turn before it counts as stalled. */
  readonly stallMs: number;
  /** The compiled shim, an absolute path. */
  readonly shim: string;
}

type Input = { readonly text: string } | 'end' | 'terminate';

/** A native program in virtual time, and every process that it starts: one task of them runs at a time, in its turn. */
export class VirtualNativeProcess implements ClientProcess {
  readonly #spec: LaunchSpec;
  readonly #around: NativeSurroundings;
  readonly #listener: ProcessListener;
  readonly #mark = randomUUID();
  readonly #tree = new Tree();
  readonly #haste = new Haste();
  readonly #bridge: Bridge;
  readonly #links: Links;
  readonly #births: Births;
  readonly #patience: Patience;
  readonly #inputs: Input[] = [];
  #wallOffsetMs: number;
  #runStart = 0n;
  #outputs: Outputs | undefined;
  #child: ChildProcess | undefined;
  #exit: Exit | undefined;
  #ended = false;
  #outputCheckedMs = 0;
  #dying = false;
  #broken: string | undefined;
  /** What it asked for that virtual time has not. */
  #lacks: string | undefined;
  /** It was told to end. */
  #told = false;

  constructor(spec: LaunchSpec, around: NativeSurroundings, listener: ProcessListener) {
    this.#spec = spec;
    this.#around = around;
    this.#listener = listener;
    this.#wallOffsetMs = around.wallOffsetMs;
    this.#patience = new Patience({
      stallMs: around.stallMs,
      givesUp: () => this.#givesUp(),
      stalled: (held) => {
        throw this.#fail(new HarnessError(`stalled: ${held}`));
      },
    });
    this.#bridge = new Bridge(around.network, this.#patience.wake);
    this.#links = new Links(this.#patience.wake);
    this.#births = new Births({
      tree: this.#tree,
      links: this.#links,
      isDying: () => this.#dying,
      until: (done, what) => this.#until(done, what),
      escaped: (why) => {
        throw this.#fail(escaped(why));
      },
    });
  }

  /** When it wants to go on at the latest; undefined: only when something happens to it. */
  get deadline(): Nanos | undefined {
    return this.#ended ? undefined : this.#tree.deadline;
  }

  /** True when time must not move before it has had a turn. */
  get needsTurn(): boolean {
    if (this.#ended) return false;
    if (!this.#child || this.#dying || this.#exit || this.#inputs.length > 0) return true;
    return this.#bridge.pending || this.#tree.next(this.#around.clock.now()) !== undefined;
  }

  get ended(): boolean {
    return this.#ended;
  }

  /** Most threads that any of its processes had at once: above 1 it is of the beta tier. */
  get threads(): number {
    return this.#tree.threads;
  }

  /** What each task waits for, for the message of a deadlock. */
  get evidence(): string {
    const tasks = this.#tree.tasks.map(
      ({ process, call }) => `${nameOf(process.pid)} waits in ${callName(call)}`,
    );
    return `${this.#spec.client}: ${tasks.join('; ') || 'no process'}`;
  }

  /** Lets it do what is due, until every task is quiet again or it has ended. */
  async turn(): Promise<void> {
    if (!this.#child && !this.#dying) await this.#begin();
    if (!this.#exit && !this.#dying) await this.#takeInputs();
    const started = performance.now();
    for (let step = 0; !this.#exit && !this.#dying; step++) {
      if (step > MAX_STEPS && performance.now() - started > this.#around.stallMs)
        throw this.#fail(
          new HarnessError(`busy loop: ${step} steps at one moment; ${this.evidence}`),
        );
      if (await this.#bridge.deliver()) this.#tree.touch();
      const task = this.#tree.next(this.#around.clock.now());
      if (task) await this.#run(task);
      else if (!(await this.#settle())) break;
    }
    if (this.#exit || this.#dying) return this.#end();
    this.#bridge.flush(this.#tree.reports);
    if (this.#broken !== undefined) throw this.#fail(escaped(this.#broken));
    this.#readOutputs();
  }

  write(text: string): void {
    this.#inputs.push({ text });
  }

  endInput(): void {
    this.#inputs.push('end');
  }

  terminate(): void {
    this.#inputs.push('terminate');
  }

  /** It has dialled a port at which no server of the case is. */
  strayed(port: number): void {
    const owner = [...this.#tree.processes.keys()].find((pid) => listensAt(pid, port));
    if (owner === undefined) return;
    this.#broken ??= `client connects to port ${port}, at which another process of it listens (${nameOf(owner)}), which virtual time does not reach`;
  }

  /** Something outside virtual time may have happened to it: a byte, a file, a signal. */
  look(): void {
    this.#tree.touch(true);
  }

  setClock(byMs: number): void {
    this.#wallOffsetMs += byMs;
    // Who waits for a time of the wall clock has to wait for another moment now.
    this.#tree.touch(true);
  }

  kill(): void {
    if (this.#ended) return;
    this.#dying = true;
    if (this.#child?.pid !== undefined) signalGroup(this.#child.pid, 'SIGKILL');
    this.#patience.wake();
  }

  async #begin(): Promise<void> {
    const { command, env, folder, run } = this.#spec;
    const { shim, clock, epochMs } = this.#around;
    const refusal = whyNotNative(command, { folder, searchPath: env['PATH'] ?? '' });
    if (refusal !== undefined) throw escaped(refusal);
    await this.#bridge.open();
    const path = await this.#links.open(firstPidOf(this.#spec));
    this.#outputs = new Outputs(folder, run, this.#listener);
    const wallMs = epochMs + this.#wallOffsetMs + Number(clock.now() / NANOS_PER_MS);
    alignTimes(folder, wallMs);
    this.#runStart = BigInt(Math.floor(Date.now() / 1_000));
    const stdio = ['pipe' as const, ...this.#outputs.fds];
    const child = spawnGroup(
      command,
      { env: environment(env, shim, path), folder },
      this.#mark,
      stdio,
    );
    this.#child = child;
    child.stdin!.on('error', this.#patience.wake);
    child.stdin!.on('drain', () => this.#tree.touch());
    child.on('error', (error) => {
      tellNotStarted(this.#listener, error);
      this.#exited({ code: null, signal: null });
    });
    child.on('exit', (code, signal) => this.#exited({ code, signal }));
    if (child.pid === undefined) return;
    this.#tree.announce(child.pid, command[0]);
    await this.#births.all();
  }

  async #takeInputs(): Promise<void> {
    const stdin = this.#child!.stdin!;
    for (const input of this.#inputs.splice(0)) {
      this.#told ||= typeof input === 'string';
      if (input === 'terminate') signalGroup(this.#child!.pid!, 'SIGTERM');
      else if (input === 'end') {
        stdin.end();
        await this.#until(() => stdin.writableFinished || stdin.destroyed, 'its stdin');
      } else if (typeof input === 'object' && stdin.writable) stdin.write(input.text);
      this.#tree.touch(true);
    }
  }

  /** One turn of one task: until it waits or is gone. */
  async #run(task: Task): Promise<void> {
    const { process } = task;
    this.#give(task);
    task.state = 'running';
    while (task.state === 'running') {
      await this.#until(() => task.inbox.length > 0 || task.link.closed, 'its turn', task);
      if (this.#dying) return;
      const message = task.inbox.shift();
      if (message) await this.#heed(task, message);
      else {
        process.tasks.delete(task);
        break;
      }
    }
    await this.#births.all();
    if (process.exec !== undefined) await this.#births.again(process);
    else if (process.tasks.size === 0 || (task.state === 'running' && task.link.closed))
      await this.#bury(process);
  }

  #give(task: Task): void {
    const { clock, epochMs } = this.#around;
    const { process } = task;
    const events: TurnEvent[] = [];
    const { fresh } = process;
    if (fresh) {
      process.fresh = false;
      const why = whyNotFollowed(process.pid);
      if (why !== undefined) throw this.#fail(escaped(why));
      events.push(
        { type: EVENT.seed, value: seedOf(this.#spec, this.#around.seed, process.order) },
        { type: EVENT.bridge, value: this.#bridge.port },
        { type: EVENT.order, value: BigInt(process.order) },
        { type: EVENT.runStart, value: this.#runStart },
        ...this.#bridge.held(),
      );
    }
    events.push(...this.#bridge.eventsFor(process.pid, process.reports, fresh));
    const wall = BigInt(epochMs + this.#wallOffsetMs) * NANOS_PER_MS;
    task.link.write(encodeTurn(clock.now(), wall, events));
  }

  async #heed(task: Task, message: Up): Promise<void> {
    const { process } = task;
    const { type, pid, tid, a, b } = message;
    // Whatever it says after it has announced an exec: that has failed.
    process.exec = type === UP.exec ? message.payload.toString() : undefined;
    if (type === UP.wait) {
      const wait = readWait(message);
      this.#tree.waits(task, wait);
      this.#bridge.note(wait.reports);
      this.#checkHaste(task);
    } else if (type === UP.connect) {
      const wanted = readConnect(message);
      process.reports = wanted.reports;
      this.#bridge.connect(wanted, this.#tree.reports);
    } else if (type === UP.bridged) this.#bridge.bridged(a, Number(b));
    else if (type === UP.born) this.#tree.announce(Number(a), message.payload.toString(), b === 1n);
    else if (type === UP.signalled) this.#tree.touch(true);
    else if (type === UP.broken) this.#broken = message.payload.toString();
    else if (type === UP.lacks) this.#lacks = message.payload.toString();
    else if (type === UP.exit) {
      process.tasks.delete(task);
      task.state = 'held';
      if (process.tasks.size > 0)
        await this.#until(() => threadGone(pid, tid), 'the end of a thread', task);
      this.#tree.touch(true, process);
    }
    if (this.#broken !== undefined) throw this.#fail(escaped(this.#broken));
  }

  #checkHaste(task: Task): void {
    const { clock, stallMs } = this.#around;
    const now = clock.now();
    const wait = { deadline: task.deadline, now, realMs: performance.now(), limitMs: stallMs };
    const from = this.#haste.note(task, wait);
    if (from === undefined) return;
    const times = `its clock has gone from ${formatDuration(from)} to ${formatDuration(now)}`;
    const evidence = `stalled: for ${stallMs / 1_000} s of real time it waited no longer than 1ms at a time, and ${times}: ${describe(task.process.pid, task.tid)}`;
    throw this.#fail(new HarnessError(evidence));
  }

  async #bury(process: Process): Promise<void> {
    await this.#until(() => processGone(process.pid), 'the end of a process');
    this.#tree.bury(process.pid);
    if (process.pid === this.#child!.pid)
      await this.#until(() => this.#exit !== undefined, 'its end');
  }

  /** All that the client has sent is here. True when somebody has to look again. */
  async #settle(): Promise<boolean> {
    const { reports } = this.#tree;
    const crowded = this.#bridge.crowded(reports);
    await this.#until(() => this.#bridge.settled(reports), 'what it has sent');
    if (crowded) this.#tree.touch();
    return crowded;
  }

  #fail(error: HarnessError): HarnessError {
    this.kill();
    return error;
  }

  /** Waits, in real time, for what has to come; whoever keeps it from coming has stalled. */
  async #until(done: () => boolean, what: string, task?: Task): Promise<void> {
    if (this.#dying) return;
    const held = (): string => {
      const pid = task?.process.pid ?? this.#tree.unborn[0]?.[0] ?? this.#child?.pid ?? 0;
      const seconds = this.#around.stallMs / 1_000;
      return `nothing came of ${what} for ${seconds} s of real time: ${describe(pid, task?.tid)}`;
    };
    await this.#patience.until(done, task?.state === 'running' ? TURN_LOOKS_MS : LOOKS_MS, held);
  }

  /** Called while we wait. */
  #givesUp(): boolean {
    const now = performance.now();
    if (now - this.#outputCheckedMs > OUTPUT_CHECK_MS) {
      this.#outputCheckedMs = now;
      this.#checkFlood();
    }
    return this.#dying;
  }

  #exited(exit: Exit): void {
    this.#exit ??= exit;
    this.#patience.wake();
  }

  #checkFlood(): void {
    if (!this.#outputs?.isFlood || this.#dying) return;
    this.#listener.broke(`it wrote more than ${MAX_OUTPUT_BYTES / 1024 / 1024} MiB of output`);
    this.kill();
  }

  #readOutputs(): void {
    this.#checkFlood();
    this.#outputs?.read();
  }

  async #end(): Promise<void> {
    // Killed before it could be started: nobody will tell of its end.
    if (this.#child?.pid === undefined) this.#exited({ code: null, signal: null });
    while (!this.#exit) await this.#patience.pause(OUTPUT_CHECK_MS);
    if (this.#child?.pid !== undefined) sweep(this.#child.pid, this.#mark);
    await this.#lastWords();
    this.#readOutputs();
    this.#outputs?.close();
    this.#bridge.close();
    this.#links.close();
    this.#child?.stdin?.destroy();
    this.#ended = true;
    if (this.#lacks !== undefined && this.#exit.code !== 0 && !this.#told && !this.#dying)
      throw escaped(`client has ended without ${this.#lacks}, which virtual time does not reach`);
    this.#listener.exited(this.#exit);
  }

  /** What its processes had sent before they ended is on its way. */
  async #lastWords(): Promise<void> {
    const started = performance.now();
    while (!this.#bridge.settled([]) && performance.now() - started < this.#around.stallMs)
      await this.#patience.pause(LOOK_MS);
    this.#bridge.flush([]);
  }
}
