import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Plan } from '../case/plan.ts';
import { HarnessError } from '../client/process.ts';
import { isNode } from '../client/is-node.ts';
import { launchThread, whyNotThread } from '../client/worker/thread-client.ts';
import { whyNotNative } from '../client/native/program.ts';
import { whyNotThisNode } from '../client/virtual/self-check.ts';
import { packageRoot } from '../client/package-root.ts';
import type { ResolvedClient } from '../client/profile.ts';
import { checkScale, measureLateness } from './check-scale.ts';
import { RealWorld } from './real-world.ts';
import { VirtualWorld } from './virtual-world.ts';
import type { World } from './world.ts';

export type TimeChoice =
  | { readonly mode: 'auto' | 'virtual' | 'in-process' | 'real' }
  | { readonly mode: 'scaled'; readonly factor: number };

type Chosen =
  | { readonly mode: 'virtual' | 'in-process' | 'real' }
  | { readonly mode: 'scaled'; readonly factor: number };

/** What a client that cannot run in virtual time is scaled by when the user leaves the choice to us. */
const DEFAULT_SCALE = 60;
/** Real time that a client in virtual time may work without coming to rest, unless the user says otherwise. */
export const DEFAULT_STALL_MS = 30_000;

export interface WorldMaker {
  (plan: Plan): World;
  readonly timeName: string;
  /** Cases may run side by side: in real time they would disturb each other's clocks. */
  readonly parallel: boolean;
}

export interface TimeOptions {
  readonly client: ResolvedClient;
  readonly time: TimeChoice;
  readonly seed: number;
  readonly epochMs: number;
  /** Real time that a client in virtual time may work without coming to rest. */
  readonly stallMs?: number;
}

/** Decides the mode of time. Throws a HarnessError that names a mode that works. */
export async function chooseTime(
  { client, time, seed, epochMs, stallMs = DEFAULT_STALL_MS }: TimeOptions,
  plans: readonly Plan[],
): Promise<WorldMaker> {
  const allowed = client.profile.time;
  const mayBeVirtual =
    time.mode === 'auto' || time.mode === 'virtual' || time.mode === 'in-process';
  const whyNot = mayBeVirtual ? await whyNotVirtual(client) : undefined;
  const chosen = choose(client, time, whyNot);
  // A thread of a host is a place, not another time: who can be in virtual time can be there.
  const needed =
    chosen.mode === 'in-process' && !allowed.includes('in-process') ? 'virtual' : chosen.mode;
  if (!allowed.includes(needed))
    throw new HarnessError(
      `${client.spec} does not run in ${chosen.mode} time; its profile allows ${allowed.join(', ')} (--time)`,
    );
  if (chosen.mode === 'in-process') {
    const whyNoThread = whyNotThread(client.profile.command);
    if (whyNoThread !== undefined)
      throw new HarnessError(
        `${client.spec} cannot run in process: ${whyNoThread}; use --time virtual`,
      );
  }
  if (chosen.mode === 'virtual' || chosen.mode === 'in-process') {
    if (whyNot !== undefined)
      throw new HarnessError(
        `${client.spec} cannot run in virtual time: ${whyNot}; use --time scaled:N or --time real`,
      );
    const preload = join(packageRoot(), 'dist/harness/client/virtual/preload/main.js');
    if (!existsSync(preload)) throw new HarnessError(`${preload} is missing: run npm run build`);
    const launch = chosen.mode === 'in-process' ? { launch: launchThread } : {};
    const make = () => new VirtualWorld({ epochMs, seed, stallMs, preload, ...launch });
    const native = isNode(client.profile.command) ? '' : ' (native)';
    const tier = chosen.mode === 'in-process' ? ' (in process)' : native;
    return Object.assign(make, { timeName: `virtual${tier}`, parallel: true });
  }
  // Several runs on one machine keep apart by the block of loopback addresses that they use.
  const network = process.pid % 100;
  const factor = chosen.mode === 'scaled' ? chosen.factor : 1;
  if (factor > 1) checkScale(plans, factor, await measureLateness());
  const reason = time.mode === 'auto' && whyNot !== undefined ? ` (not virtual: ${whyNot})` : '';
  const timeName = `${factor === 1 ? 'real' : `scaled:${factor}`}${reason}`;
  const make = () => new RealWorld({ factor, network });
  return Object.assign(make, { timeName, parallel: false });
}

function choose({ profile }: ResolvedClient, time: TimeChoice, whyNot: string | undefined): Chosen {
  if (time.mode === 'scaled') return time;
  if (time.mode !== 'auto') return { mode: time.mode };
  if (profile.time[0] === 'in-process' && whyNot === undefined) return { mode: 'in-process' };
  if (profile.time.includes('virtual') && whyNot === undefined) return { mode: 'virtual' };
  if (profile.time.includes('scaled')) return { mode: 'scaled', factor: DEFAULT_SCALE };
  return { mode: 'real' };
}

/** What keeps a client out of virtual time, before it is started; undefined: nothing that can be seen. */
async function whyNotVirtual({ profile }: ResolvedClient): Promise<string | undefined> {
  const { command, time } = profile;
  if (!time.includes('virtual') && !time.includes('in-process'))
    return `its profile allows ${time.join(', ')}`;
  if (isNode(command))
    return whyNotThisNode(command[0] === 'node' ? process.execPath : command[0]!);
  return whyNotNative(command, {
    folder: process.cwd(),
    searchPath: process.env['PATH'] ?? '',
  });
}
