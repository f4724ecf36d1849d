import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { packageRoot } from '../package-root.ts';
import { preloadPath } from '../preload-path.ts';
import { HarnessError } from '../process.ts';

const FILE = join(packageRoot(), 'harness/client/native/prebuilt/linux-x64/virtual-time.so');

/** Why there is no compiled shim to preload; undefined: there is one. */
export function whyNotShim(file = FILE): string | undefined {
  return existsSync(file)
    ? undefined
    : `${file} is missing: npm run build:native makes it (it needs cc)`;
}

/** The compiled shim; comes with the package, made anew by `npm run build:native`. Throws a HarnessError with a remedy. */
export function shimFile(): string {
  const why = whyNotShim();
  if (why !== undefined)
    throw new HarnessError(`${why}; without it, scaled and real time work (--time)`);
  return preloadPath(FILE);
}
