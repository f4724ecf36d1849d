import { AsyncResource } from 'node:async_hooks';
import fs from 'node:fs';
import { Readable } from 'node:stream';
import { LINK_VARIABLES } from '../link.ts';
import type { Surroundings } from './surroundings.ts';

/** The standard input of a process in virtual time: a stream that the harness feeds over the link. */
export class VirtualStdin extends Readable {
  readonly fd = 0;
  readonly isTTY = false;
  #refd = true;
  #asked = false;
  #told = false;
  #context: AsyncResource | undefined;

  /** Called when the client takes it: an `AsyncLocalStorage` of the client has the store there that it has now. */
  taken(): this {
    this.#context ??= new AsyncResource('PIPEWRAP');
    return this;
  }

  /** What came, and `null` at its end. */
  receive(bytes: Buffer | null): void {
    this.taken().#context!.runInAsyncScope(() => this.push(bytes));
  }

  override _read(): void {
    this.#asked = true;
  }

  /** True once: when the process has begun to read. Its input goes to the process that reads. */
  takeReads(): boolean {
    const isNew = this.#asked && !this.#told;
    this.#told ||= isNew;
    return isNew;
  }

  ref(): this {
    this.#refd = true;
    return this;
  }

  unref(): this {
    this.#refd = false;
    return this;
  }

  setRawMode(): this {
    return this;
  }

  /** True while a program that reads it would wait for more, as a pipe would keep it alive. */
  keepsAlive(): boolean {
    const read = this.readableFlowing === true || this.listenerCount('readable') > 0;
    return this.#refd && read && !this.readableEnded && !this.destroyed;
  }
}

/**
 * Puts the stream in the place of `process.stdin` where descriptor 0 is the client's own. A child process with a pipe or a
 * file of its own keeps that: undefined.
 */
export function installStdin(first: boolean, around: Surroundings): VirtualStdin | undefined {
  const { dev, ino } = fs.fstatSync(0);
  const file = `${dev}:${ino}`;
  if (first) around.set(LINK_VARIABLES.stdin, file);
  else if (around.get(LINK_VARIABLES.stdin) !== file) return undefined;
  const stdin = new VirtualStdin();
  Object.defineProperty(process, 'stdin', {
    get: () => stdin.taken(),
    configurable: true,
    enumerable: true,
  });
  return stdin;
}
