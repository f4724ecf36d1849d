// A client that does nothing but try, against a server that refuses: what is measured is Meterproof.
import { join } from 'node:path';
import { metering } from '../emulators/metering/index.ts';
import { loadCase } from '../harness/case/load.ts';
import { packageRoot } from '../harness/client/package-root.ts';
import { resolveClient } from '../harness/client/resolve.ts';
import type { Launch } from '../harness/client/virtual/launch.ts';
import { runCase, type Played } from '../harness/run/run-case.ts';
import { VirtualWorld } from '../harness/run/virtual-world.ts';

const preload = join(packageRoot(), 'dist/harness/client/virtual/preload/main.js');

/** Plays one case of `times` attempts, one every `everyMs`; `launch` brings the client to life, absent: in a process of its own. */
export function attempts(
  everyMs: number,
  times: number,
  days: number,
  launch?: Launch,
): () => Promise<Played> {
  const text = `
title: a client tries every so often
source: a bench
servers: [alpha]
client: { mode: offline, pollingInterval: 1h }
play: |
  0s        alpha   down refuse
  0s        client  start
  ${days}d  end
expect: |
  0s..${days}d  alpha.pipe  refused  {${times}}
`;
  const plan = loadCase(text, 'bench/attempts.yaml', { rules: new Set(), dialects: [metering] });
  const client = resolveClient(`node ${join(packageRoot(), 'bench/attempts.mjs')} ${everyMs}`, {
    cwd: packageRoot(),
    searchPath: process.env['PATH'] ?? '',
  });
  const quiet = { ...client, profile: { ...client.profile, tier: 'black-box' as const } };
  return async () => {
    const world = new VirtualWorld({
      epochMs: Date.UTC(2026, 0, 1),
      seed: 1,
      stallMs: 30_000,
      preload,
      ...(launch && { launch }),
    });
    const played = await runCase(plan, world, { client: quiet, dialect: metering, seed: 1 });
    const tried = played.trace.events.filter(({ event }) => event === 'refused').length;
    if (played.error !== undefined || tried !== times)
      throw new Error(
        `${played.error ?? `${tried} attempts instead of ${times}`}\n${played.stderrTail.join('\n')}`,
      );
    return played;
  };
}

/** An attempt every three minutes for a day. */
export const denseDay = (launch?: Launch): (() => Promise<Played>) =>
  attempts(180_000, 479, 1, launch);
