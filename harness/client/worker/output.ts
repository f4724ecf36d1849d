import fs from 'node:fs';
import type { Writable } from 'node:stream';
import type { OutputFiles } from './job.ts';

type Call = (...args: unknown[]) => unknown;

export interface OutputInternals {
  /** Node's binding to the file system. */
  readonly fs: Record<string, unknown>;
  /** What Node itself makes of a standard output that is a file. */
  readonly SyncWriteStream: new (fd: number, options: { autoClose: boolean }) => Writable;
}

/** Of the binding: everything that takes a descriptor that can be written to. */
const CALLS = ['writeBuffer', 'writeBuffers', 'writeString', 'fstat', 'fsync', 'fdatasync'];

/** Descriptors 1 and 2 are the host's: gives the thread files of its own in their place, by number and as streams. */
export function installOutput({ stdout, stderr }: OutputFiles, internals: OutputInternals): void {
  const files = new Map([
    [1, fs.openSync(stdout, 'a')],
    [2, fs.openSync(stderr, 'a')],
  ]);
  for (const name of CALLS) {
    const real = internals.fs[name] as Call | undefined;
    if (real)
      internals.fs[name] = (fd: number, ...args: unknown[]) =>
        real.call(internals.fs, files.get(fd) ?? fd, ...args);
  }
  for (const [name, fd] of [
    ['stdout', 1],
    ['stderr', 2],
  ] as const) {
    const stream = new internals.SyncWriteStream(fd, { autoClose: false });
    Object.assign(stream, { _type: 'fs', destroySoon: () => stream.destroy() });
    Object.defineProperty(process, name, {
      get: () => stream,
      configurable: true,
      enumerable: true,
    });
  }
}
