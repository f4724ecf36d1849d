import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { packageRoot } from '../package-root.ts';
import { HarnessError } from '../process.ts';

/** The compiled shim; comes with the package, made anew by `npm run build:native`. Throws a HarnessError with a remedy. */
export function shimFile(): string {
  const file = join(packageRoot(), 'harness/client/native/prebuilt/linux-x64/virtual-time.so');
  if (existsSync(file)) return file;
  throw new HarnessError(
    `${file} is missing: run npm run build:native (it needs cc); without it, scaled and real time work (--time)`,
  );
}
