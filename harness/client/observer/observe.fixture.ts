// Runs programs with the observer that is meant for them.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import tap from 'tap';
import { placeText } from '../../shim/transport.ts';
import { observerFor } from './inject.ts';
import { ObserverReader } from './reader.ts';

/** A port of a loopback address at which nobody listens; the attempts are refused, which is what no listener sees. */
export const PORT = 7233;
export const ADDRESS = `127.${100 + (process.pid % 100)}.${(process.pid >> 8) % 256}.9`;
/** Over IPv6 too. */
export const SIX = `[::1]:${PORT}`;
export const BOUND_MS = 60_000;

export interface Observed {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
  readonly attempts: readonly string[];
  readonly kinds: readonly string[];
}

/** Runs a client to its end, as the harness would, and tells what it said and what was observed. */
export function observe(command: readonly string[], more: Record<string, string> = {}): Observed {
  const folder = mkdtempSync(join(tmpdir(), 'meterproof observer-'));
  const attempts: string[] = [];
  const startNs = process.hrtime.bigint();
  const reader = new ObserverReader<string>({
    file: join(folder, 'attempts.jsonl'),
    pollMs: BOUND_MS,
    endpoint: (address, port) =>
      address.startsWith('127.') || address === '::1' ? placeText({ address, port }) : undefined,
    caseTimeOf: (ns) => ns - startNs,
    attempted: (endpoint, at) => {
      if (at < 0n || at > process.hrtime.bigint() - startNs)
        tap.fail(`${at} is not within the run`);
      attempts.push(endpoint);
    },
    overflowed: () => tap.fail('overflowed'),
  });
  const env = { PATH: process.env['PATH'], ...more };
  const injection = observerFor(command, join(folder, 'attempts.jsonl'), env, folder);
  const [program = '', ...args] = command;
  const { status, stdout, stderr } = spawnSync(program, args, {
    env: { ...env, ...injection.env },
    cwd: folder,
    encoding: 'utf8',
    timeout: BOUND_MS,
  });
  reader.stop();
  rmSync(folder, { recursive: true });
  return { status, stdout, stderr, attempts, kinds: [...reader.kinds] };
}
