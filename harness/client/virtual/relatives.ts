import { atWork, processTable, readEntry } from './processes.ts';
import type { NodeLink } from './node-link.ts';

/**
 * The real pid of a process that time must wait for: a child of a linked process that has no link itself, and waits for none
 * that has. A child that has ended counts until its parent has seen it.
 */
export function realWork(links: readonly NodeLink[]): number | undefined {
  if (links.every(({ children, blocked }) => children.length === 0 && !blocked)) return undefined;
  const table = processTable();
  const linked = links.filter(({ closed }) => !closed).map(({ hello }) => hello);
  for (const { hello, children, blocked } of links) {
    for (const child of children) {
      const working = atWork(child, linked, table);
      if (working !== undefined) return working;
    }
    if (!blocked) continue;
    const below = [...table, ...linked].filter(
      ({ pid, ppid }) => ppid === hello.pid && !children.includes(pid),
    );
    if (below.length === 0) return hello.pid;
    for (const { pid } of below) {
      const working = atWork(pid, linked, table);
      if (working !== undefined) return working;
    }
  }
  return undefined;
}

/** True for a process that neither computes nor rests: it may wait for a relative. True where nobody can tell. */
export function isStuck({ hello }: NodeLink): boolean {
  const entry = readEntry(hello.pid);
  return entry === undefined || entry.state === 'S';
}
