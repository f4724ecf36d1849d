// Processes that this one starts. Each has a link of its own; what ties them to each other (pipes, channels, ends) is real, but must not keep
// this process from coming to rest: the harness knows who waits for whom.
import type { Channel } from './channel.ts';
import type { Internals, LoopHandle, SpawnOptions } from './internals.ts';
import type { Surroundings } from './surroundings.ts';

interface PipeLike extends LoopHandle {
  readonly reading?: boolean;
}

interface Starting {
  pid: number;
  exitCode: number | null;
  signalCode: string | null;
  connected?: boolean;
  _handle: LoopHandle | null;
  readonly stdio?: readonly ({ readonly _handle?: PipeLike | null } | null)[];
  readonly [channel: symbol]: LoopHandle | null | undefined;
}

/** True while, without us, it would keep the event loop alive. */
type Tie = () => boolean;

export class Family {
  readonly #internals: Internals;
  readonly #channel: Channel;
  readonly #around: Surroundings;
  readonly #children = new Map<number, { readonly child: Starting; readonly isNode: boolean }>();
  #ties: Tie[] = [];
  /** True once it has relatives: only then can anything come to it but through the link. */
  hasRelatives: boolean;

  constructor(
    internals: Internals,
    channel: Channel,
    around: Surroundings,
    { first }: { first: boolean },
  ) {
    this.#internals = internals;
    this.#channel = channel;
    this.#around = around;
    this.hasRelatives = !first;
    if (!first) this.#tieToParent();
  }

  /** Real pids of those that have not ended in the eyes of this process, but for those of other make that it leaves alone. */
  children(): number[] {
    const pids: number[] = [];
    for (const [pid, { child, isNode }] of this.#children)
      if (child.exitCode !== null || child.signalCode !== null) this.#children.delete(pid);
      else if (isNode || child._handle?.hasRef() !== false) pids.push(pid);
    return pids;
  }

  keepAlive(): boolean {
    return this.#ties.some((tie) => tie());
  }

  /** `inSync` runs a synchronous child: it tells the harness, and takes up the time when the child has ended. */
  install(inSync: <T>(action: () => T) => T): void {
    const { ChildProcess, spawnSync } = this.#internals;
    const { spawn } = ChildProcess.prototype;
    const prepare = (options: SpawnOptions) => this.#around.prepare(options);
    const adopt = (child: Starting, isNode: boolean) => this.#adopt(child, isNode);
    ChildProcess.prototype.spawn = function (this: Starting, options: SpawnOptions): number {
      const isNode = prepare(options);
      const status = spawn.call(this, options);
      if (status === 0) adopt(this, isNode);
      return status;
    };
    const realSpawnSync = spawnSync.spawn;
    spawnSync.spawn = (options) => {
      prepare(options);
      const result = inSync(() => realSpawnSync.call(spawnSync, options)) as { pid?: number };
      if (result.pid) result.pid = this.#channel.ask<{ pid: number }>({ spawned: result.pid }).pid;
      return result;
    };
  }

  #adopt(child: Starting, isNode: boolean): void {
    this.hasRelatives = true;
    const { pid } = child;
    this.#children.set(pid, { child, isNode });
    child.pid = this.#channel.ask<{ pid: number }>({ spawned: pid }).pid;
    if (child._handle) this.#tie(child._handle, () => this.#children.has(pid));
    for (const stream of child.stdio ?? [])
      if (stream?._handle) this.#tie(stream._handle, () => isReading(stream));
    this.#tieChannel(child);
  }

  #tieToParent(): void {
    this.#tieChannel(process as unknown as Starting);
    const stdin = Object.getOwnPropertyDescriptor(process, 'stdin')?.get;
    if (!stdin) return;
    let tied = false;
    Object.defineProperty(process, 'stdin', {
      get: () => {
        const stream = stdin.call(process) as { _handle?: PipeLike | null };
        if (!tied && stream._handle) this.#tie(stream._handle, () => isReading(stream));
        tied = true;
        return stream;
      },
      configurable: true,
      enumerable: true,
    });
  }

  #tieChannel(owner: Starting): void {
    const channel = owner[this.#internals.channelHandle];
    if (channel) this.#tie(channel, () => owner.connected === true);
  }

  /** Takes the handle off the loop's account and keeps one for it. */
  #tie(handle: LoopHandle, isActive: () => boolean): void {
    let refd = handle.hasRef();
    handle.unref();
    Object.assign(handle, {
      ref: () => void (refd = true),
      unref: () => void (refd = false),
      hasRef: () => refd,
    });
    this.#ties = [...this.#ties, () => refd && isActive()];
  }
}

function isReading(stream: { readonly _handle?: PipeLike | null }): boolean {
  return stream._handle?.reading === true;
}
