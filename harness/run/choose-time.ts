import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Plan } from '../case/plan.ts';
import { HarnessError } from '../client/process.ts';
import { packageRoot } from '../client/package-root.ts';
import type { ResolvedClient } from '../client/profile.ts';
import { RealWorld } from './real-world.ts';
import { VirtualWorld } from './virtual-world.ts';
import type { World } from './world.ts';

export type TimeChoice =
  | { readonly mode: 'auto' | 'virtual' | 'real' }
  | { readonly mode: 'scaled'; readonly factor: number };

/** What a client that cannot run in virtual time is scaled by when the user leaves the choice to us. */
const DEFAULT_SCALE = 60;
/** Real time that a client in virtual time may work without coming to rest. */
const STALL_MS = 30_000;

export interface WorldMaker {
  (plan: Plan): World;
  readonly timeName: string;
  /** Cases may run side by side: in real time they would disturb each other's clocks. */
  readonly parallel: boolean;
}

/** Decides the mode of time. Throws a HarnessError that names a mode that works. */
export async function chooseTime({
  client,
  time,
  seed,
  epochMs,
}: {
  client: ResolvedClient;
  time: TimeChoice;
  seed: number;
  epochMs: number;
}): Promise<WorldMaker> {
  const allowed = client.profile.time;
  const chosen = time.mode === 'auto' ? best(client) : time;
  if (!allowed.includes(chosen.mode))
    throw new HarnessError(
      `${client.spec} does not run in ${chosen.mode} time; its profile allows ${allowed.join(', ')} (--time)`,
    );
  if (chosen.mode === 'virtual') {
    const preload = join(packageRoot(), 'dist/harness/client/virtual/preload/main.js');
    if (!existsSync(preload)) throw new HarnessError(`${preload} is missing: run npm run build`);
    const make = () => new VirtualWorld({ epochMs, seed, stallMs: STALL_MS, preload });
    return Object.assign(make, { timeName: 'virtual', parallel: true });
  }
  const factor = chosen.mode === 'scaled' ? chosen.factor : 1;
  const timeName = factor === 1 ? 'real' : `scaled:${factor}`;
  const make = () => new RealWorld({ factor, command: client.profile.command });
  return Object.assign(make, { timeName, parallel: false });
}

function best({ profile }: ResolvedClient): Exclude<TimeChoice, { mode: 'auto' }> {
  if (profile.time.includes('virtual')) return { mode: 'virtual' };
  if (profile.time.includes('scaled')) return { mode: 'scaled', factor: DEFAULT_SCALE };
  return { mode: 'real' };
}
