import type { LaunchSpec } from '../process.ts';
import { withoutLeaks } from './sanitizer.ts';

const FNV_OFFSET = 0xcbf29ce484222325n;
const FNV_PRIME = 0x100000001b3n;

/** With the shim in it, and without what would differ from run to run. `link`: path of the socket on which the shim says hello. */
export function environment(
  env: LaunchSpec['env'],
  shim: string,
  link: string,
): Record<string, string> {
  return {
    ...env,
    ...withoutLeaks(env),
    LD_PRELOAD: [shim, env['LD_PRELOAD']].filter(Boolean).join(':'),
    METERPROOF_SHIM: shim,
    METERPROOF_LINK: link,
    TZ: 'UTC',
    PYTHONHASHSEED: '0',
    // OpenSSL adds the processor's counter and its random numbers to what we seed: without them.
    OPENSSL_ia32cap: '~0x4000000000000010:~0x40000',
  };
}

/** More than any id that Linux gives. */
const FIRST_PID = 5_000_000;
const PIDS_A_RUN = 100_000;

/** A process that is started again has other ids, as on a real machine: some clients name their records by them. */
export function firstPidOf({ run, realPids = false }: LaunchSpec): number | undefined {
  return realPids ? undefined : FIRST_PID + (run - 1) * PIDS_A_RUN;
}

/** Of each process its own: the same in every run of the case, and another after a restart. */
export function seedOf({ client, run }: LaunchSpec, seed: number, order: number): bigint {
  let value = FNV_OFFSET;
  for (const byte of Buffer.from(`${seed} ${client} ${run} ${order}`))
    value = BigInt.asUintN(64, (value ^ BigInt(byte)) * FNV_PRIME);
  return value;
}
