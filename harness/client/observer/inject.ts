import { basename, delimiter, join } from 'node:path';
import { packageRoot } from '../package-root.ts';
import type { ObserverKind } from './reader.ts';

export interface Injection {
  /** What the command is expected to load; it has when the reader has heard of it. */
  readonly kind: ObserverKind | 'none';
  /** To be put over the environment that was handed in; empty for `none`. */
  readonly env: Readonly<Record<string, string>>;
}

/** `node`, what starts it, and `python3.12`, on any system and in any folder. */
const NODE = /^(node|nodejs|npx|tsx)(\.exe|\.cmd)?$/i;
const PYTHON = /^python[\d.]*(\.exe)?$/i;

/**
 * How to observe the attempts of a command without changing it: by environment alone, so that its child processes are
 * observed too. `file` is where the reader reads; `inherited` is the environment that the command would be given otherwise.
 */
export function observerFor(
  command: readonly string[],
  file: string,
  inherited: Readonly<Record<string, string | undefined>>,
): Injection {
  const program = basename(programOf(command));
  const add = (name: string, value: string, between: string) => ({
    METERPROOF_OBSERVER: file,
    [name]: inherited[name] ? `${value}${between}${inherited[name]}` : value,
  });
  if (NODE.test(program)) {
    const preload = join(packageRoot(), 'dist/harness/client/observer/preload.cjs');
    // Quoted as Node reads it: a folder may have a blank in its name.
    return { kind: 'node', env: add('NODE_OPTIONS', `--require ${JSON.stringify(preload)}`, ' ') };
  }
  if (PYTHON.test(program)) {
    const folder = join(packageRoot(), 'harness/client/observer');
    return { kind: 'python', env: add('PYTHONPATH', folder, delimiter) };
  }
  return { kind: 'none', env: {} };
}

/** The program itself, behind `env` and what it sets. */
function programOf(command: readonly string[]): string {
  const [first = '', ...rest] = command;
  if (basename(first) !== 'env') return first;
  return rest.find((word) => !/^(-|[A-Za-z_]\w*=)/.test(word)) ?? first;
}
