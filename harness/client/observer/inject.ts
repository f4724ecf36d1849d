import { existsSync } from 'node:fs';
import { basename, delimiter, join } from 'node:path';
import { whyNotNative } from '../native/program.ts';
import { sanitizerOptions } from '../native/sanitizer.ts';
import { packageRoot } from '../package-root.ts';
import { preloadPath } from '../preload-path.ts';
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

/** Comes with the package, made anew by `npm run build:native`. */
const PRELOAD = 'harness/client/native/prebuilt/linux-x64/observer.so';

/**
 * How to observe the attempts of a command without changing it: by environment alone, so that its child processes are
 * observed too. One observer for all of them, which counts an attempt once: what a shell starts is observed natively, also
 * Node and Python. `file` is where the reader reads; `inherited` is the environment that the command would be given
 * otherwise, `folder` where it is started.
 */
export function observerFor(
  command: readonly string[],
  file: string,
  inherited: Readonly<Record<string, string | undefined>>,
  folder: string,
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
    const modules = join(packageRoot(), 'harness/client/observer');
    return { kind: 'python', env: add('PYTHONPATH', modules, delimiter) };
  }
  const preload = nativeObserver(command, folder, inherited['PATH'] ?? '');
  return preload === undefined
    ? { kind: 'none', env: {} }
    : {
        kind: 'native',
        env: { ...add('LD_PRELOAD', preload, ':'), ...sanitizerOptions(inherited) },
      };
}

/** What a native program preloads to be observed; undefined: that one cannot, or it is not there. */
export function nativeObserver(
  command: readonly string[],
  folder: string,
  searchPath: string,
): string | undefined {
  const preload = join(packageRoot(), PRELOAD);
  return takesPreload(preload, command, folder, searchPath) ? preloadPath(preload) : undefined;
}

function takesPreload(
  preload: string,
  command: readonly string[],
  folder: string,
  searchPath: string,
): boolean {
  if (command.length === 0 || !existsSync(preload)) return false;
  return whyNotNative(command, { folder, searchPath }) === undefined;
}

/** The program itself, behind `env` and what it sets. */
function programOf(command: readonly string[]): string {
  const [first = '', ...rest] = command;
  if (basename(first) !== 'env') return first;
  return rest.find((word) => !/^(-|[A-Za-z_]\w*=)/.test(word)) ?? first;
}
