import { runCommandLine } from './command-line.ts';
import type { Surroundings } from './surroundings.ts';

/** Plays one command line on a machine without clients; `own` says what it has otherwise. */
export async function callWith(own: Partial<Surroundings>, ...args: readonly string[]) {
  let out = '';
  let errors = '';
  const status = await runCommandLine(args, {
    write: (text) => void (out += text),
    writeError: (text) => void (errors += text),
    isTerminal: false,
    cwd: process.cwd(),
    searchPath: '',
    cpus: 1,
    now: new Date(0),
    signal: new AbortController().signal,
    debug: false,
    runSuite: () => Promise.resolve([]),
    ...own,
  });
  return { status, out, errors };
}

export const call = (...args: readonly string[]) => callWith({}, ...args);
