import { spawn } from 'node:child_process';

/** Real time that a hook may take. */
const HOOK_TIMEOUT_MS = 10_000;

/** Runs one hook of a black-box profile to its end; the result says what was wrong with it. */
export function runHook(
  [program, ...args]: readonly string[],
  { env, folder }: { readonly env: Readonly<Record<string, string>>; readonly folder: string },
): Promise<string | undefined> {
  return new Promise((resolve) => {
    const child = spawn(program!, args, {
      cwd: folder,
      env,
      stdio: 'ignore',
      timeout: HOOK_TIMEOUT_MS,
      killSignal: 'SIGKILL',
    });
    child.on('error', (error) => resolve(`the hook could not be started: ${error.message}`));
    child.on('exit', (code, signal) => {
      if (code === 0) resolve(undefined);
      else if (signal) resolve(`the hook was ended by ${signal} after ${HOOK_TIMEOUT_MS} ms`);
      else resolve(`the hook ended with status ${code}`);
    });
  });
}
