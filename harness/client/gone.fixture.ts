import { readFileSync } from 'node:fs';

/** A process that nobody has reaped yet is gone too. */
export function isGone(pid: number): boolean {
  try {
    return /\) [ZX] /.test(readFileSync(`/proc/${pid}/stat`, 'latin1'));
  } catch {
    return true;
  }
}
