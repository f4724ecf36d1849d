import { Readable } from 'node:stream';

/** The standard input of a process in virtual time: a stream that the harness feeds over the link. */
export class VirtualStdin extends Readable {
  readonly fd = 0;
  readonly isTTY = false;
  #refd = true;

  override _read(): void {}

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

export function installStdin(): VirtualStdin {
  const stdin = new VirtualStdin();
  Object.defineProperty(process, 'stdin', {
    get: () => stdin,
    configurable: true,
    enumerable: true,
  });
  return stdin;
}
