import { spawn } from 'node:child_process';

/** Real time that a hook may take. */
const HOOK_TIMEOUT_MS = 30_000;
/** As for a client that cannot even start. */
const UNSUPPORTED_STATUS = 89;

export interface HookResult {
  readonly result: 'ok' | 'unsupported' | 'error';
  readonly why?: string;
}

/** Runs one hook of a black-box profile to its end. `subject`: the program, or the argument, that a command is about. */
export function runHook(
  [executable, ...args]: readonly string[],
  { env, folder }: { readonly env: Readonly<Record<string, string>>; readonly folder: string },
  subject: { readonly program?: string; readonly argument?: string } = {},
): Promise<HookResult> {
  return new Promise((resolve) => {
    const child = spawn(executable!, args, {
      cwd: folder,
      env: {
        ...env,
        ...(subject.program !== undefined && { METERPROOF_PROGRAM: subject.program }),
        ...(subject.argument !== undefined && { METERPROOF_ARGUMENT: subject.argument }),
      },
      stdio: 'ignore',
      timeout: HOOK_TIMEOUT_MS,
      killSignal: 'SIGKILL',
    });
    const failed = (why: string) => resolve({ result: 'error', why });
    child.on('error', (error) => failed(`the hook could not be started: ${error.message}`));
    child.on('exit', (code, signal) => {
      if (code === 0) resolve({ result: 'ok' });
      else if (code === UNSUPPORTED_STATUS) resolve({ result: 'unsupported' });
      else if (signal)
        failed(`the hook was ended by ${signal} (it may take ${HOOK_TIMEOUT_MS} ms)`);
      else failed(`the hook ended with status ${code}`);
    });
  });
}
