import { MILLISECOND, type Nanos } from '../../clock/clock.ts';
import type { VirtualClock } from '../../clock/virtual.ts';
import type { VirtualNetwork } from '../../shim/transport-virtual.ts';
import type { ClientEvent, ClientTurn, Welcome } from './link.ts';
import type { NodeLink } from './node-link.ts';
import { eagerness } from '../eagerness.ts';
import type { Patience } from '../patience.ts';
import { commandLine } from './processes.ts';
import { isStuck, realWork } from './relatives.ts';
import { whatHolds } from './stall.ts';
import { Tally } from './tally.ts';

const LOOKS_MS = [100];
/** How long between looks at the process table while real work is waited for: most of it is short. */
const WORK_LOOKS_MS = [1, 2, 4, 8, 16, 32];

export interface TreeOptions {
  readonly clock: VirtualClock;
  readonly network: VirtualNetwork;
  readonly patience: Patience;
  readonly welcome: (link: NodeLink) => Welcome;
  /** Until when nothing happens but what the client does; absent: others may do something. */
  readonly freeUntil: () => Nanos | undefined;
  /** A process uses what virtual time cannot follow. Throws. */
  readonly escaped: (what: string) => never;
  /** Files were made or changed. */
  readonly wrote: () => void;
}

/** The Node processes of one client: one of them runs at a time, and what they send to each other arrives before time moves. */
export class NodeTree {
  readonly #options: TreeOptions;
  readonly #stdin: ClientEvent[] = [];
  readonly #tally = new Tally();
  /** In the order in which they were announced; the first is the client itself. */
  #links: NodeLink[] = [];
  #first: NodeLink | undefined;
  #reader: NodeLink | undefined;
  /** Counts what one process may have done to another. */
  #version = 0;

  constructor(options: TreeOptions) {
    this.#options = options;
  }

  get links(): readonly NodeLink[] {
    return this.#links;
  }

  /** True when the process that the harness started has ended; the others count for nothing then. */
  get isOver(): boolean {
    return this.#first !== undefined && !this.#links.includes(this.#first);
  }

  /** What it did at the present moment. */
  get doings(): string {
    return this.#tally.text;
  }

  get deadline(): Nanos | undefined {
    return this.#links
      .map(({ deadline }) => deadline)
      .reduce((a, b) => (a === undefined ? b : b === undefined || a <= b ? a : b), undefined);
  }

  /** `number` is the process's place among those of the client: in which order they come up does not matter. */
  join(link: NodeLink, number: number): void {
    this.#first ??= link;
    link.number = number;
    this.#links = [...this.#links, link].toSorted((a, b) => a.number - b.number);
  }

  /** Input goes to the process that reads. */
  feed(event: ClientEvent): void {
    (this.#reader?.inbox ?? this.#stdin).push(event);
  }

  /** The process whose turn it is now: whose time has come, to whom something happened, or who has nothing left to live for. */
  due(): NodeLink | undefined {
    const now = this.#options.clock.now();
    return this.#links.find(({ welcomed, blocked, inbox, alive, deadline, aheadUntil }) => {
      if (!welcomed) return true;
      if (blocked || aheadUntil > now) return false;
      return inbox.length > 0 || !alive || (deadline !== undefined && deadline <= now);
    });
  }

  /** Lets one process do what is due, until it is quiet again or has ended. */
  async run(link: NodeLink): Promise<void> {
    // What a process does first, it does with files: that is never soon over.
    const soon = link.welcomed && eagerness.isEager;
    if (link.welcomed) {
      const isLast = !link.alive && link.inbox.length === 0;
      const until = this.#links.length === 1 ? this.#options.freeUntil() : undefined;
      link.freeUntil = until ?? 0n;
      link.send({
        nowMs: this.#nowMs,
        events: link.inbox.splice(0),
        ...(isLast && { exit: true }),
        ...(until !== undefined && { untilMs: Number(until / MILLISECOND) }),
        ...(soon && { soon }),
      });
    } else {
      link.welcomed = true;
      link.send(this.#options.welcome(link));
    }
    const before = this.#version;
    await this.#hear(link, soon);
    this.#sees(link, before, true);
  }

  /** Lets what the processes send to each other arrive, and waits for real work of their other children. */
  async settle(): Promise<void> {
    let working: number | undefined;
    const pass = async (): Promise<boolean> => {
      const before = this.#version;
      working = realWork(this.#links);
      for (const link of this.#links)
        if (!this.isOver) await this.#poke(link, working !== undefined);
      return this.isOver || (working === undefined && this.#version === before);
    };
    if (await pass()) return;
    let done = false;
    const look = async () => void (done = await pass());
    while (!done && working === undefined) await look();
    if (done) return;
    const held = () =>
      `its child process "${commandLine(working!)}" is at work outside virtual time (it is not Node, or did not come up)`;
    await this.#options.patience.until(() => done, WORK_LOOKS_MS, held, { look });
    this.#options.wrote();
  }

  /** Performs what a process did before it ended by surprise. */
  drain(link: NodeLink): void {
    for (let last = link.take(); last; last = link.take())
      if (!('escape' in last)) link.perform(last.ops, this.#options.network);
  }

  get #nowMs(): number {
    return Number(this.#options.clock.now() / MILLISECOND);
  }

  /** Lets a process see what its relatives have sent it. */
  async #poke(link: NodeLink, isWorking: boolean): Promise<void> {
    if (link.running || !link.welcomed) return;
    // One that stands in a synchronous child speaks by itself.
    if (link.blocked && !link.hasSpoken && !link.closed) return;
    const before = this.#version;
    // Its timers go off by that, and what they do may concern others.
    const isDue = link.deadline !== undefined && link.deadline <= this.#options.clock.now();
    if (!link.blocked) {
      if (link.seen === this.#version && !isWorking) return;
      link.send({ nowMs: this.#nowMs, events: [] });
    }
    const brought = await this.#hear(link);
    this.#sees(link, before, brought || isDue);
  }

  /** What others did while it had the word may have come after it had looked: then it has seen no more than there was before. */
  #sees(link: NodeLink, before: number, brought: boolean): void {
    const isAlone = this.#version === before;
    if (brought) this.#version++;
    link.seen = isAlone ? this.#version : before;
  }

  /** Waits for the end of a turn; true when it brought anything that may concern others. */
  async #hear(link: NodeLink, soon = false): Promise<boolean> {
    const { patience, escaped } = this.#options;
    link.running = true;
    await patience.until(
      () => link.hasSpoken || link.closed,
      LOOKS_MS,
      () => whatHolds(link, () => patience.pause(LOOKS_MS[0]!)),
      { look: () => this.#unblock(link), soon },
    );
    link.running = false;
    const message = link.take();
    if (message && !('escape' in message)) this.#follow(link, message);
    if (message && 'escape' in message) escaped(message.escape);
    else if (message && message.exit === undefined) {
      this.#take(link, message);
      return message.stirred === true || message.ops.length > 0;
    } else if (message || link.closed) {
      if (message) link.perform(message.ops, this.#options.network);
      this.#leave(link);
    }
    return true;
  }

  #leave(link: NodeLink): void {
    link.close();
    this.#links = this.#links.filter((other) => other !== link);
    if (this.#reader === link) this.#reader = undefined;
    this.#options.wrote();
  }

  /** A process that writes to a relative waits for it when the pipe is full: let the others read. */
  async #unblock(link: NodeLink): Promise<void> {
    if (this.#links.length < 2 || !isStuck(link)) return;
    for (const other of this.#links) if (other !== link) await this.#poke(other, true);
  }

  /** Catches up with a process that went on by itself. */
  #follow({ freeUntil }: NodeLink, { nowMs }: ClientTurn): void {
    const { clock } = this.#options;
    const at = toNanos(nowMs);
    const next = clock.next();
    // What real servers send meanwhile comes at no time that we could have foreseen: then it is ahead of us.
    if (at > clock.now() && at < freeUntil && (next === undefined || at < next))
      clock.advanceTo(at);
  }

  #take(link: NodeLink, turn: ClientTurn): void {
    const { clock, network } = this.#options;
    link.blocked = turn.blocked === true;
    link.alive = turn.alive;
    link.children = turn.children ?? [];
    link.aheadUntil = toNanos(turn.nowMs);
    link.deadline = turn.nextMs === null ? undefined : toNanos(turn.nextMs);
    if (link.aheadUntil > clock.now()) {
      link.deadline = link.aheadUntil;
      clock.at(link.aheadUntil, () => link.perform(turn.ops, network));
    } else link.perform(turn.ops, network);
    this.#tally.add(clock.now(), turn, link.deadline !== undefined && link.deadline <= clock.now());
    if (turn.reads) {
      this.#reader = link;
      link.inbox.push(...this.#stdin.splice(0));
    }
    if (turn.wrote) this.#options.wrote();
  }
}

function toNanos(ms: number): Nanos {
  return BigInt(Math.ceil(ms)) * MILLISECOND;
}
