import { randomUUID } from 'node:crypto';
import { MILLISECOND, type Nanos } from '../../clock/clock.ts';
import type { VirtualClock } from '../../clock/virtual.ts';
import type { VirtualNetwork } from '../../shim/transport-virtual.ts';
import { signalGroup } from '../group.ts';
import {
  HarnessError,
  MAX_OUTPUT_BYTES,
  type ClientProcess,
  type Exit,
  type LaunchSpec,
  type ProcessListener,
  tellNotStarted,
} from '../process.ts';
import { dateFiles } from './date-files.ts';
import type { Welcome } from './link.ts';
import { linkServer } from './link-server.ts';
import type { NodeLink } from './node-link.ts';
import { NodeTree } from './node-tree.ts';
import { Outsiders } from './outsiders.ts';
import { type Launched, type Launch, launchProcess } from './launch.ts';
import { Outputs } from '../outputs.ts';
import { Patience } from '../patience.ts';
import { Pids } from './pids.ts';
import { commandLine } from './processes.ts';
import { escapedText, stalledText } from './stall.ts';

const LOOK_MS = 100;
/** The start of a process is no fault of the client's: a busy machine may take that long. */
const START_MS = 30_000;

export interface VirtualSurroundings {
  readonly clock: VirtualClock;
  readonly network: VirtualNetwork;
  readonly seed: number;
  readonly epochMs: number;
  /** What the play has moved the client's wall clock by so far, ms. */
  readonly wallOffsetMs: number;
  /** Real time that a client may work without a word before it counts as stalled. */
  readonly stallMs: number;
  /** Real time at which the case began. */
  readonly realStartMs: number;
  /** The compiled preload. */
  readonly preload: string;
  /** Until when nothing happens but what the client does; absent: others may do something. */
  readonly freeUntil: () => Nanos | undefined;
  /** Where it is brought to life; absent: in a process of its own. */
  readonly launch?: Launch | undefined;
}

/** A Node program in virtual time, with the Node programs that it starts, in lock-step with the harness. */
export class VirtualNodeProcess implements ClientProcess {
  readonly #spec: LaunchSpec;
  readonly #around: VirtualSurroundings;
  readonly #listener: ProcessListener;
  readonly #mark = randomUUID();
  readonly #pids: Pids;
  readonly #patience: Patience;
  readonly #tree: NodeTree;
  #outputs: Outputs | undefined;
  #outsiders: Outsiders | undefined;
  #child: Launched | undefined;
  #exit: Exit | undefined;
  #ended = false;
  #dying = false;
  #wallOffsetMs: number;

  constructor(spec: LaunchSpec, around: VirtualSurroundings, listener: ProcessListener) {
    this.#spec = spec;
    this.#around = around;
    this.#listener = listener;
    this.#wallOffsetMs = around.wallOffsetMs;
    this.#pids = new Pids(spec.run);
    this.#patience = new Patience({
      stallMs: around.stallMs,
      givesUp: () => this.#isOver || this.#endFlood(),
      stalled: (held) => this.#break(stalledText(spec, around.stallMs, held)),
    });
    this.#tree = new NodeTree({
      clock: around.clock,
      network: around.network,
      patience: this.#patience,
      freeUntil: around.freeUntil,
      welcome: (link) => this.#welcome(link),
      escaped: (what) => this.#break(escapedText(spec, what)),
      wrote: () => this.#date(),
    });
  }

  /** When it wants to go on at the latest; undefined: only when something happens to it. */
  get deadline(): Nanos | undefined {
    return this.#ended ? undefined : this.#tree.deadline;
  }

  /** True when time must not move before it has had a turn. */
  get needsTurn(): boolean {
    if (this.#ended) return false;
    return !this.#child || this.#isOver || this.#tree.due() !== undefined;
  }

  get ended(): boolean {
    return this.#ended;
  }

  /** What it did at the present moment, for the message of a busy loop. */
  get doings(): string {
    return this.#tree.doings;
  }

  /** What each process waits for, for the message of a deadlock. */
  get evidence(): string {
    const waits = this.#tree.links.map(({ hello, blocked, openSockets }, index) => {
      const who = index === 0 ? 'it' : `its child "${commandLine(hello.pid)}"`;
      if (blocked) return `${who} stands in a synchronous child process`;
      return `${who} has no timer, ${openSockets} open sockets, and waits`;
    });
    return `${this.#spec.client}: ${waits.join('; ') || 'no process'}`;
  }

  /** Lets it do what is due, until it is quiet again or has ended. */
  async turn(): Promise<void> {
    if (!this.#child) await this.#begin();
    const link = this.#isOver ? undefined : this.#tree.due();
    if (link) await this.#tree.run(link);
    if (!this.#isOver) await this.#tree.settle();
    if (!this.#dying) this.#lookOutside();
    if (this.#isOver) await this.#end();
    else if (!this.#outputs!.read()) this.#endFlood();
  }

  write(text: string): void {
    this.#tree.feed({ event: 'stdin', base64: Buffer.from(text).toString('base64') });
  }

  endInput(): void {
    this.#tree.feed({ event: 'stdin-end' });
  }

  setClock(byMs: number): void {
    this.#wallOffsetMs += byMs;
    for (const { welcomed, inbox } of this.#tree.links)
      if (welcomed) inbox.push({ event: 'clock', byMs });
  }

  terminate(): void {
    for (const { inbox } of this.#tree.links) inbox.push({ event: 'signal', signal: 'SIGTERM' });
  }

  kill(): void {
    if (this.#ended) return;
    if (!this.#child) return this.#neverBegun();
    this.#dying = true;
    if (this.#child?.kill) this.#child.kill();
    else if (this.#child?.pid !== undefined) signalGroup(this.#child.pid, 'SIGKILL');
    for (const link of this.#tree.links)
      if (this.#child?.kill) link.close();
      else link.closeSockets();
    this.#patience.wake();
  }

  #neverBegun(): void {
    this.#ended = true;
    this.#listener.exited({ code: null, signal: 'SIGKILL' });
  }

  /** Only what has children can have some that are not Node. */
  #lookOutside(): void {
    const place = this.#pids.count > 1 ? this.#outsiders?.dialled() : undefined;
    if (place !== undefined)
      this.#break(
        escapedText(this.#spec, `a child process that is not Node and connects to ${place}`),
      );
  }

  get #isOver(): boolean {
    return this.#dying || this.#exit !== undefined || this.#tree.isOver;
  }

  #break(why: string): never {
    this.kill();
    throw new HarnessError(why);
  }

  async #begin(): Promise<void> {
    const server = await linkServer();
    server.expect(this.#mark, {
      joined: (link) => {
        this.#tree.join(link, this.#pids.numberOf(link.hello.pid));
        this.#patience.wake();
      },
      stirred: this.#patience.wake,
      askedPid: (question) => this.#pids.answer(question),
    });
    this.#date();
    const { folder, outputFolder = folder, run } = this.#spec;
    this.#outputs = new Outputs(outputFolder, run, this.#listener);
    const { launch = launchProcess, preload, network } = this.#around;
    this.#outsiders = Outsiders.of(this.#spec, outputFolder, network);
    const { observer } = this.#outsiders ?? {};
    const [link, mark, outputs] = [server, this.#mark, this.#outputs];
    this.#child = launch(
      { spec: this.#spec, preload, link, mark, outputs, observer },
      {
        failed: (error) => {
          tellNotStarted(this.#listener, error);
          this.#exited({ code: null, signal: null });
        },
        exited: (exit) => this.#exited(exit),
      },
    );
    const isUp = () => this.#tree.links.length > 0 || this.#exit !== undefined;
    await this.#patience.until(isUp, [LOOK_MS], () => 'it never came up', { leastMs: START_MS });
  }

  #welcome({ hello, number }: NodeLink): Welcome {
    const { clock, seed, epochMs, realStartMs } = this.#around;
    const { client, run, listens } = this.#spec;
    return {
      epochMs,
      wallOffsetMs: this.#wallOffsetMs,
      nowMs: Number(clock.now() / MILLISECOND),
      seed: hash([seed, client, run, ...(number > 0 ? [number] : [])].join(' ')),
      pid: this.#pids.virtual(hello.pid),
      ppid: number === 0 ? 1 : this.#pids.virtual(hello.ppid),
      first: number === 0,
      realStartMs,
      ...(listens !== undefined && { listens }),
    };
  }

  #date(): void {
    const { clock, realStartMs } = this.#around;
    dateFiles(this.#spec.folder, clock.wallMs() + this.#wallOffsetMs, realStartMs);
  }

  #endFlood(): boolean {
    if (this.#ended || this.#dying || !this.#outputs?.isFlood) return this.#dying;
    this.#listener.broke(`it wrote more than ${MAX_OUTPUT_BYTES / 1024 / 1024} MiB of output`);
    this.kill();
    return true;
  }

  #exited(exit: Exit): void {
    this.#exit ??= exit;
    this.#patience.wake();
  }

  /** Waits for the end of the process that was started: it may be another than that which joined and has ended. */
  async #seeOff(): Promise<Exit> {
    const { stallMs } = this.#around;
    const started = performance.now();
    while (!this.#exit) {
      await this.#patience.pause(LOOK_MS);
      const { pid } = this.#child!;
      if (this.#exit || this.#dying || performance.now() - started < stallMs) continue;
      const who = pid === undefined ? 'what' : `"${commandLine(pid)}"`;
      const held = `${who} goes on, though the client that it started has ended`;
      this.#break(stalledText(this.#spec, stallMs, held));
    }
    return this.#exit;
  }

  async #end(): Promise<void> {
    const exit = await this.#seeOff();
    const first = this.#tree.isOver ? undefined : this.#tree.links[0];
    // What it said before it ended is still to be heard.
    while (first && !first.closed) await this.#patience.pause(LOOK_MS);
    if (first && !this.#dying) this.#tree.drain(first);
    this.#child?.sweep(this.#pids.count > 1);
    for (const link of this.#tree.links) link.close();
    (await linkServer()).forget(this.#mark);
    this.#date();
    this.#outputs?.read();
    this.#outputs?.close();
    this.#outsiders?.close();
    this.#ended = true;
    this.#listener.exited(exit);
  }
}

/** FNV-1a: another seed for each client and each of its processes, so that ids do not repeat. */
function hash(text: string): number {
  let value = 0x811c9dc5;
  for (const byte of Buffer.from(text)) value = Math.imul(value ^ byte, 0x01000193) >>> 0;
  return value;
}
