import { execFileSync, spawnSync } from 'node:child_process';

/** Why tests with tshark are skipped here; false where it is installed. */
export const WITHOUT_TSHARK =
  spawnSync('tshark', ['--version']).status === 0
    ? false
    : 'tshark is not installed (apt-get install tshark)';

/** What tshark says of a capture, a line a packet. */
export function tshark(file: string, args: readonly string[]): readonly string[] {
  const text = execFileSync('tshark', ['-n', '-r', file, ...args], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: 60_000,
  });
  return text.split('\n').filter((line) => line !== '');
}
