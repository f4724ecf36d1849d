import fs from 'node:fs';
import type { Internals } from './internals.ts';

/**
 * `fsync` in virtual time: done at once. A case kills processes, which keeps what the system has taken; nothing in it cuts the power.
 * A busy disk makes the real call last for a second, and nobody could tell the difference. What is not a synchronous call of an open
 * file goes its own way, with its own errors.
 */
export function installDurability({ fs: binding }: Pick<Internals, 'fs'>): void {
  for (const name of ['fsync', 'fdatasync']) {
    const real = binding[name] as ((...args: unknown[]) => unknown) | undefined;
    if (!real) continue;
    binding[name] = (...args: unknown[]) => {
      const [fd, request] = args;
      return request === undefined && isOpen(fd) ? undefined : real.apply(binding, args);
    };
  }
}

function isOpen(fd: unknown): boolean {
  try {
    fs.fstatSync(fd as number);
    return true;
  } catch {
    return false;
  }
}
