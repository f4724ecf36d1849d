import { existsSync, realpathSync } from 'node:fs';
import { join } from 'node:path';
import type { Plan } from '../case/plan.ts';
import { isNode } from '../client/is-node.ts';
import { whyNotShim } from '../client/native/shim-file.ts';
import { whyNotNative } from '../client/native/program.ts';
import { whyNotProc } from '../client/native/procfs.ts';
import { packageRoot } from '../client/package-root.ts';
import { HarnessError } from '../client/process.ts';
import { type Profile, type ResolvedClient, usesCfg } from '../client/profile.ts';
import { whyNotThisNode } from '../client/virtual/self-check.ts';
import { launchThread, whyNotThread } from '../client/worker/thread-client.ts';
import { checkScale, largestScale, measureLateness } from './check-scale.ts';
import { ownBlock } from './claim-block.ts';
import { nodesOfServers, serversInWords } from './open-upstreams.ts';
import { LOOPBACK_IPV4, LOOPBACK_IPV6, whyNoLoopback } from './places.ts';
import { isVirtual, type Mode, modeText, type TimeChoice } from './mode.ts';
import { RealWorld } from './real-world.ts';
import { VirtualWorld } from './virtual-world.ts';
import type { World } from './world.ts';

export type { TimeChoice } from './mode.ts';

/** What a client that cannot run in virtual time is scaled by, at most, when the user leaves the choice to us. */
const DEFAULT_SCALE = 60;
/** Real time that a client in virtual time may work without coming to rest, unless the user says otherwise. */
export const DEFAULT_STALL_MS = 30_000;

export interface WorldMaker {
  (plan: Plan): World;
  readonly mode: Mode;
  /** The mode as reports name it: `virtual (native)`. */
  readonly timeName: string;
  /** Why this mode, for a report. */
  readonly why: string;
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

/** Modes that were tried in vain, each with the reason. */
export type Barred = ReadonlyMap<Mode['mode'], string>;

/**
 * Decides the mode of time: the one that was asked for, or for `auto` the best that the profile allows and that works here.
 * Throws a HarnessError that names a mode that works.
 */
export async function chooseTime(
  options: TimeOptions,
  plans: readonly Plan[],
  barred: Barred = new Map(),
): Promise<WorldMaker> {
  const { time, client } = options;
  if (time.mode !== 'auto') {
    await check(time, options, plans);
    return maker(time, options, 'as --time says');
  }
  const reasons = new Map<string, Mode['mode'][]>();
  const inVain = () =>
    [...reasons].map(([why, modes]) => `not ${modes.join(' or ')}: ${why}`).join('; ');
  for (const mode of candidates(client)) {
    const why = barred.get(mode) ?? (await whyNot(mode, options));
    const chosen = why ?? (await modeOf(mode, options, plans));
    if (typeof chosen !== 'string')
      return maker(
        chosen,
        options,
        reasons.size > 0 ? `auto: ${inVain()}` : 'auto: the best that its profile allows',
      );
    reasons.set(chosen, [...(reasons.get(chosen) ?? []), mode]);
  }
  throw new HarnessError(
    `${client.spec} runs in none of the modes of time that its profile allows (time: ${client.profile.time.join(', ')}): ${inVain()}`,
  );
}

/** From the best to the last resort. Threads are for those who ask for them: who names them first wants them first. */
function candidates({ profile: { time } }: ResolvedClient): readonly Mode['mode'][] {
  const inProcess = time[0] === 'in-process' ? (['in-process'] as const) : [];
  return [
    ...inProcess,
    ...(['virtual', 'scaled', 'real'] as const).filter((mode) => time.includes(mode)),
  ];
}

/** For `auto`: the mode with its numbers, or why it is none. */
async function modeOf(
  mode: Mode['mode'],
  { client }: TimeOptions,
  plans: readonly Plan[],
): Promise<Mode | string> {
  if (mode !== 'scaled') return { mode };
  const largest = largestScale(plans, await measureLateness(), usesCfg(client));
  const factor = Math.min(DEFAULT_SCALE, largest.factor);
  return factor < 2 ? largest.why : { mode, factor };
}

/** Throws a HarnessError where a mode that was asked for does not work. */
async function check(mode: Mode, options: TimeOptions, plans: readonly Plan[]): Promise<void> {
  const { spec, profile } = options.client;
  // A thread of a host is a place, not another time: who can be in virtual time can be there.
  const needed =
    mode.mode === 'in-process' && !profile.time.includes('in-process') ? 'virtual' : mode.mode;
  if (!profile.time.includes(needed))
    throw new HarnessError(
      `${spec} does not run in ${mode.mode} time; its profile allows ${profile.time.join(', ')} (--time)`,
    );
  const why = await whyNot(mode.mode, options);
  if (why !== undefined) {
    const isElsewhere = (await whyNot('real', options)) === undefined;
    throw new HarnessError(`${spec} cannot run ${howNot(mode, profile, why, isElsewhere)}`);
  }
  if (mode.mode === 'scaled') checkScale(plans, mode.factor, await measureLateness());
}

function howNot({ mode }: Mode, profile: Profile, why: string, isElsewhere: boolean): string {
  if (mode === 'scaled' || mode === 'real') return `in ${mode} time: ${why}`;
  if (mode === 'in-process' && whyNotInThread(profile) !== undefined)
    return `in process: ${why}; use --time virtual`;
  return `in virtual time: ${why}${isElsewhere ? '; use --time scaled:N or --time real' : ''}`;
}

/** What keeps a client out of a mode, before it is started; undefined: nothing that can be seen. */
async function whyNot(
  mode: Mode['mode'],
  { client: { profile } }: TimeOptions,
): Promise<string | undefined> {
  const { command, network } = profile;
  if (mode === 'scaled' || mode === 'real')
    return whyNoLoopback(network === 'ipv6' ? LOOPBACK_IPV6 : LOOPBACK_IPV4);
  const whyNoThread = mode === 'in-process' ? whyNotInThread(profile) : undefined;
  if (whyNoThread !== undefined) return whyNoThread;
  for (const program of nodesOfServers(profile)) {
    const why = await whyNotThisNode(program, undefined, { listening: true });
    if (why !== undefined) return why;
  }
  if (isNode(command))
    return whyNotThisNode(command[0] === 'node' ? process.execPath : command[0]!);
  const searchPath = process.env['PATH'] ?? '';
  return (
    whyNotNative(command, { folder: process.cwd(), searchPath }) ??
    whyNotProc() ??
    whyNotShim() ??
    // A connection under way is one to a listener of the shim.
    whyNoLoopback(LOOPBACK_IPV4)
  );
}

/** Some of what a process is told when it starts never reaches a thread. */
function whyNotInThread({ command, tls }: Profile): string | undefined {
  const why = whyNotThread(command);
  if (why !== undefined) return why;
  const [program] = command;
  if (program !== 'node' && realpathSync(program!) !== realpathSync(process.execPath))
    return `a thread runs on the Node that Meterproof runs on, ${process.execPath}, not on ${program}`;
  if (tls && !command.some((word) => word.includes('{ca}')))
    return 'Node reads NODE_EXTRA_CA_CERTS only when a process starts, so that it would not trust the test authority: hand it {ca} in its command';
  return undefined;
}

async function maker(mode: Mode, options: TimeOptions, why: string): Promise<WorldMaker> {
  const { network } = options.client.profile;
  if (!isVirtual(mode)) {
    const block = await ownBlock();
    const factor = mode.mode === 'scaled' ? mode.factor : 1;
    const make = () => new RealWorld({ factor, block, network });
    return Object.assign(make, { mode, timeName: modeText(mode), why, parallel: false });
  }
  const { client, seed, epochMs, stallMs = DEFAULT_STALL_MS } = options;
  const preload = join(packageRoot(), 'dist/harness/client/virtual/preload/main.js');
  if (!existsSync(preload)) throw new HarnessError(`${preload} is missing: run npm run build`);
  const launch = mode.mode === 'in-process' ? { launch: launchThread } : {};
  const startsServers = nodesOfServers(client.profile).length > 0;
  const make = () =>
    new VirtualWorld({ epochMs, seed, stallMs, preload, startsServers, network, ...launch });
  const servers = serversInWords(client.profile);
  const whole = servers === undefined ? why : `${why}; ${servers}`;
  const native = isNode(client.profile.command) ? '' : ' (native)';
  const tier = mode.mode === 'in-process' ? ' (in process)' : native;
  return Object.assign(make, { mode, timeName: `virtual${tier}`, why: whole, parallel: true });
}
