import { readFileSync } from 'node:fs';

/**
 * Whether that process goes. One that nobody has reaped yet is gone too. A signal takes its moment, and who dies closes its files
 * before it is dead; the bound is only there so that a failing test ends.
 */
export async function goes(pid: number): Promise<boolean> {
  for (let look = 0; look < 200_000 && !isGone(pid); look++)
    await new Promise((resolve) => setImmediate(resolve));
  return isGone(pid);
}

function isGone(pid: number): boolean {
  try {
    return /\) [ZX] /.test(readFileSync(`/proc/${pid}/stat`, 'latin1'));
  } catch {
    return true;
  }
}
