import nodeFs from 'node:fs';
import type { Functions, Internals } from './internals.ts';

const WRITERS = (
  'rename ftruncate rmdir rmSync mkdir link symlink unlink writeBuffer writeBuffers writeString writeFileUtf8 ' +
  'copyFile mkdtemp cpSyncCopyDir'
).split(' ');
const STATS = ['stat', 'lstat', 'fstat'];
/** Seconds and nanoseconds of access, modification, change and birth in the array that a `stat` fills. */
const ACCESS = 10;
const MODIFICATION = 12;
const CHANGE = 14;
const BIRTH = 16;
const WRITE_FLAGS = 0o3 | 0o100;

type Fields = Float64Array | BigInt64Array;

export interface FileTimesOptions {
  /** Real time at which the case began. */
  readonly realStartMs: number;
  readonly wallMs: () => number;
  readonly realNowMs: () => number;
}

/**
 * Makes the times of files agree with the clock. The harness dates what has changed when the process is at rest; until then,
 * and for the times that no call can set, this shows them as if it had.
 */
export class FileTimes {
  readonly #options: FileTimesOptions;
  #wrote = false;
  #said = false;
  /** Show what the file system has. */
  #bare = false;

  constructor(options: FileTimesOptions) {
    this.#options = options;
  }

  /** True when files were made or changed since the last call. */
  takeWrote(): boolean {
    const wrote = this.#wrote;
    this.#wrote = false;
    return wrote;
  }

  /** True when something was written to standard output or error since the last call. */
  takeSaid(): boolean {
    const said = this.#said;
    this.#said = false;
    return said;
  }

  install({ fs }: Pick<Internals, 'fs'>, linkFd: number): void {
    const wrap = (name: string, before: (args: readonly unknown[]) => boolean) => {
      const real = fs[name] as ((...args: unknown[]) => unknown) | undefined;
      if (real)
        fs[name] = (...args: unknown[]) => {
          if (before(args)) this.#wrote = true;
          return real.apply(fs, args);
        };
    };
    for (const name of WRITERS)
      wrap(name, ([target]) => {
        if (target === 1 || target === 2) this.#said = true;
        return typeof target !== 'number' || (target > 2 && target !== linkFd);
      });
    for (const name of ['open', 'openFileHandle'])
      wrap(name, ([, flags]) => typeof flags === 'number' && (flags & WRITE_FLAGS) !== 0);
    for (const name of STATS) this.#wrapStat(fs, name);
    const { openAsBlob } = nodeFs;
    nodeFs.openAsBlob = (path, ...rest) => {
      this.#date(path);
      return openAsBlob(path, ...rest);
    };
  }

  /** Gives a file its time before the harness does: a `Blob` of it can be read as long as that does not change. */
  #date(path: nodeFs.PathLike): void {
    this.#bare = true;
    try {
      const wallS = this.#options.wallMs() / 1_000;
      if (this.#isUndated(nodeFs.statSync(path).mtimeMs)) nodeFs.utimesSync(path, wallS, wallS);
    } catch {
      // Node says what is wrong with it.
    } finally {
      this.#bare = false;
    }
  }

  #wrapStat(fs: Functions, name: string): void {
    const real = fs[name] as (...args: unknown[]) => unknown;
    fs[name] = (...args: unknown[]) => {
      for (const request of args) if (isRequest(request)) this.#wrapRequest(request);
      const result = real.apply(fs, args);
      if (result instanceof Promise) return result.then((fields) => this.#shown(fields));
      return this.#shown(result);
    };
  }

  #wrapRequest(request: { oncomplete: (error: unknown, fields?: unknown) => void }): void {
    const { oncomplete } = request;
    request.oncomplete = (error, fields) => oncomplete.call(request, error, this.#shown(fields));
  }

  #shown(result: unknown): unknown {
    if (this.#bare || !(result instanceof Float64Array || result instanceof BigInt64Array))
      return result;
    const wallMs = this.#options.wallMs();
    for (const field of [ACCESS, MODIFICATION]) this.#show(result, field, wallMs);
    const modifiedMs = readMs(result, MODIFICATION);
    for (const field of [CHANGE, BIRTH]) this.#show(result, field, modifiedMs);
    return result;
  }

  /** True for a time of the file system's own clock. */
  #isUndated(ms: number): boolean {
    const { realStartMs, realNowMs } = this.#options;
    // What has been dated falls on a whole millisecond, which the clock of a file system hardly ever does.
    const isDated = Math.abs(ms - Math.round(ms)) < 0.000_5;
    return !isDated && ms >= realStartMs - 1_000 && ms <= realNowMs() + 1_000;
  }

  #show(fields: Fields, at: number, insteadMs: number): void {
    if (!this.#isUndated(readMs(fields, at))) return;
    const seconds = Math.floor(insteadMs / 1_000);
    const nanos = Math.round((insteadMs - seconds * 1_000) * 1e6);
    if (fields instanceof BigInt64Array) {
      fields[at] = BigInt(seconds);
      fields[at + 1] = BigInt(nanos);
    } else {
      fields[at] = seconds;
      fields[at + 1] = nanos;
    }
  }
}

function isRequest(value: unknown): value is { oncomplete: () => void } {
  return typeof value === 'object' && value !== null && 'oncomplete' in value;
}

function readMs(fields: Fields, at: number): number {
  return Number(fields[at]!) * 1_000 + Number(fields[at + 1]!) / 1e6;
}
