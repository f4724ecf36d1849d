import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { packageRoot } from '../package-root.ts';

const BOUND_MS = 20_000;

const checked = new Map<string, Promise<string | undefined>>();

/** What this Node lacks for virtual time; undefined: nothing. Each program is asked once. */
export function whyNotThisNode(program: string): Promise<string | undefined> {
  const known = checked.get(program);
  if (known) return known;
  const asked = ask(program);
  checked.set(program, asked);
  return asked;
}

function ask(program: string): Promise<string | undefined> {
  const script = join(packageRoot(), 'dist/harness/client/virtual/preload/self-check.js');
  return new Promise((resolve) => {
    execFile(
      program,
      ['--expose-internals', script],
      { timeout: BOUND_MS, env: { ...process.env, NODE_OPTIONS: '' } },
      (error, _stdout, stderr) => {
        if (!error) return resolve(undefined);
        const [first] = stderr.trim().split('\n');
        resolve(`the self-check of ${program} failed: ${first || error.message}`);
      },
    );
  });
}
