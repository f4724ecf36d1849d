// The one place where the command line touches its own process.
import { availableParallelism } from 'node:os';
import { runSuite } from '../run/run-suite.ts';
import { INTERRUPTED, runCommandLine } from './command-line.ts';

export async function runProcess(args: readonly string[]): Promise<void> {
  const { stdout, stderr, env } = process;
  const abort = new AbortController();
  const interrupt = (): void => {
    // Who asks twice does not want to wait for the cleaning up.
    if (abort.signal.aborted) process.exit(INTERRUPTED);
    stderr.write('\nmeterproof: stopping; Ctrl-C again stops at once\n');
    abort.abort();
  };
  process.on('SIGINT', interrupt);
  process.on('SIGTERM', interrupt);
  process.on('SIGHUP', interrupt);
  // `meterproof list | head`: the reader has had enough.
  stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
    abort.abort();
  });
  process.exitCode = await runCommandLine(args, {
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
}
