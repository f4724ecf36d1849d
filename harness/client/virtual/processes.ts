// What the process table tells of the descendants of a client that have no link: whether they are at work.
import { readdirSync, readFileSync } from 'node:fs';
import { basename } from 'node:path';

export interface ProcessEntry {
  readonly pid: number;
  readonly ppid: number;
  /** A letter: R runs, S sleeps, Z has ended and waits for its parent. */
  readonly state: string;
  /** Processor time so far, in ticks. */
  readonly ticks: number;
}

const STAT =
  /^(?<pid>\d+) \(.*\) (?<state>\w) (?<ppid>\d+) (?:-?\d+ ){9}(?<user>\d+) (?<system>\d+)/s;

export function readEntry(pid: number | string): ProcessEntry | undefined {
  try {
    const found = STAT.exec(readFileSync(`/proc/${pid}/stat`, 'latin1'))?.groups;
    if (!found) return undefined;
    return {
      pid: Number(pid),
      ppid: Number(found['ppid']),
      state: found['state']!,
      ticks: Number(found['user']) + Number(found['system']),
    };
  } catch {
    return undefined;
  }
}

/** All processes of the machine that live; none where the system has no such table. */
export function processTable(): readonly ProcessEntry[] {
  let names: string[];
  try {
    names = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  } catch {
    return [];
  }
  return names
    .map(readEntry)
    .filter((entry) => entry !== undefined && entry.state !== 'Z') as ProcessEntry[];
}

/** Its command line, in short: for a message. */
export function commandLine(pid: number): string {
  try {
    const words = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').filter(Boolean);
    if (words.length === 0) return `process ${pid}`;
    const text = [basename(words[0]!), ...words.slice(1)].join(' ');
    return text.length > 80 ? `${text.slice(0, 77)}...` : text;
  } catch {
    return `process ${pid}`;
  }
}

export interface Linked {
  readonly pid: number;
  readonly ppid: number;
}

/**
 * The first process below `root` that does real work, which time must wait for: it has no link, and none of the processes
 * that it has started has one. `root` itself counts; undefined: all of them only wait for linked ones.
 */
export function atWork(
  root: number,
  linked: readonly Linked[],
  table: readonly ProcessEntry[],
): number | undefined {
  if (linked.some(({ pid }) => pid === root)) return undefined;
  const children = new Set([
    ...table.filter(({ ppid }) => ppid === root).map(({ pid }) => pid),
    ...linked.filter(({ ppid }) => ppid === root).map(({ pid }) => pid),
  ]);
  if (children.size === 0) return root;
  for (const child of children) {
    const working = atWork(child, linked, table);
    if (working !== undefined) return working;
  }
  return undefined;
}
