// The one place where the command line touches its own process.
import { availableParallelism } from 'node:os';
import { runSuite } from '../run/run-suite.ts';
import { INTERRUPTED, runCommandLine, WRONG_USE } from './command-line.ts';
import { machineTrouble } from './files.ts';

/** Real time. `timeout` and `npx` pass on a signal that the whole process group has got: what comes so close together is one. */
const SAME_SIGNAL_MS = 1_000;

export async function runProcess(args: readonly string[]): Promise<void> {
  const { stdout, stderr, env } = process;
  const abort = new AbortController();
  let askedAt = -Infinity;
  const interrupt = (): void => {
    if (performance.now() - askedAt < SAME_SIGNAL_MS) return;
    // Who asks twice does not want to wait for the cleaning up.
    if (abort.signal.aborted) process.exit(INTERRUPTED);
    askedAt = performance.now();
    stderr.write('\nmeterproof: stopping; Ctrl-C again stops at once\n');
    abort.abort();
  };
  process.on('SIGINT', interrupt);
  process.on('SIGTERM', interrupt);
  process.on('SIGHUP', interrupt);
  // `meterproof list | head`: the reader has had enough.
  let outputFailed = false;
  stdout.on('error', (error: NodeJS.ErrnoException) => {
    abort.abort();
    if (error.code === 'EPIPE' || outputFailed) return;
    outputFailed = true;
    process.exitCode = WRONG_USE;
    const what = machineTrouble(error) ?? error.message;
    stderr.write(`meterproof: its output cannot be written: ${what}\n`);
  });
  // Nobody hears us any more; the exit status still tells.
  stderr.on('error', () => {});
  const status = await runCommandLine(args, {
    write: (text) => void stdout.write(text),
    writeError: (text) => void stderr.write(text),
    isTerminal: stdout.isTTY && env['NO_COLOR'] === undefined && env['TERM'] !== 'dumb',
    cwd: process.cwd(),
    searchPath: env['PATH'] ?? '',
    cpus: availableParallelism(),
    now: new Date(),
    signal: abort.signal,
    debug: env['METERPROOF_DEBUG'] === '1',
    runSuite,
  });
  process.exitCode = outputFailed ? WRONG_USE : status;
}
