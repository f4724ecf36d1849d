// What the process table of Linux tells of a process and of those that it has started.
import { readdirSync, readFileSync } from 'node:fs';

const MAX_DEPTH = 8;

/** True while a thread of it runs, could run, or waits for a disk; undefined where the system does not tell. */
export function isAtWork(pid: number, depth = 0): boolean | undefined {
  let threads: string[];
  try {
    threads = readdirSync(`/proc/${pid}/task`);
  } catch {
    return undefined;
  }
  for (const thread of threads) {
    const folder = `/proc/${pid}/task/${thread}`;
    try {
      const stat = readFileSync(`${folder}/stat`, 'latin1');
      if (/^[RD]/.test(stat.slice(stat.lastIndexOf(')') + 2))) return true;
      if (depth === MAX_DEPTH) continue;
      const children = readFileSync(`${folder}/children`, 'latin1').split(' ').filter(Boolean);
      if (children.some((child) => isAtWork(Number(child), depth + 1) === true)) return true;
    } catch {
      // The thread has ended, or the system does not tell of children.
    }
  }
  return false;
}
