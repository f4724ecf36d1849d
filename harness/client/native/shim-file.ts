import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { packageRoot } from '../package-root.ts';
import { preloadPath } from '../preload-path.ts';
import { HarnessError } from '../process.ts';

const FILE = join(packageRoot(), 'harness/client/native/prebuilt/linux-x64/virtual-time.so');

/** Why no compiled shim can be preloaded; undefined: one can. */
export function whyNotShim(file = FILE): string | undefined {
  if (!existsSync(file)) return `${file} is missing: npm run build:native makes it (it needs cc)`;
  const why = whyNotLoaded(preloadPath(file));
  return why === undefined
    ? undefined
    : `${file} cannot be preloaded (${why}): the package must be where code can be loaded from, on no disk that is mounted noexec`;
}

/** The loader leaves out what it cannot load, and the program runs on without it: it is asked first, and runs nothing (ld.so(8)). */
function whyNotLoaded(path: string): string | undefined {
  const env = { ...process.env, LD_PRELOAD: path, LD_TRACE_LOADED_OBJECTS: '1' };
  const { stderr } = spawnSync(process.execPath, ['--version'], { env, encoding: 'utf8' });
  const complaint = stderr?.split('\n').find((line) => line.includes(`'${path}'`));
  return /cannot be preloaded \((.*?)\)/.exec(complaint ?? '')?.[1];
}

/** The compiled shim; comes with the package, made anew by `npm run build:native`. Throws a HarnessError with a remedy. */
export function shimFile(): string {
  const why = whyNotShim();
  if (why !== undefined)
    throw new HarnessError(`${why}; without it, scaled and real time work (--time)`);
  return preloadPath(FILE);
}
