import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { packageRoot } from '../package-root.ts';

const BOUND_MS = 20_000;

const checked = new Map<string, Promise<string | undefined>>();

/**
 * What this Node lacks for virtual time; undefined: nothing. Asked with the options that a client inherits (`NODE_OPTIONS`),
 * which may break what the preload leans on. `listening`: it is to run a server. Each program is asked once.
 */
export function whyNotThisNode(
  program: string,
  options = process.env['NODE_OPTIONS'] ?? '',
  { listening = false } = {},
): Promise<string | undefined> {
  const key = `${program}\n${options}\n${listening}`;
  const known = checked.get(key);
  if (known) return known;
  const asked = ask(program, options, listening ? ['listening'] : []);
  checked.set(key, asked);
  return asked;
}

function ask(
  program: string,
  options: string,
  words: readonly string[],
): Promise<string | undefined> {
  const script = join(packageRoot(), 'dist/harness/client/virtual/preload/self-check.js');
  return new Promise((resolve) => {
    execFile(
      program,
      ['--expose-internals', script, ...words],
      { timeout: BOUND_MS, env: { ...process.env, NODE_OPTIONS: options } },
      (error, _stdout, stderr) => {
        if (!error) return resolve(undefined);
        // Not a warning that the options have brought up.
        const first = stderr.split('\n').find((line) => !/^\s*$|^\(/.test(line));
        const under = options === '' ? '' : ` under NODE_OPTIONS=${options}`;
        resolve(`the self-check of ${program}${under} failed: ${first || error.message}`);
      },
    );
  });
}
