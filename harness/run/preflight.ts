import { rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Dialect } from '../../emulators/emulator.ts';
import type { ClientPlan, Plan } from '../case/plan.ts';
import { temporaryFolder } from '../client/temporary-folder.ts';
import { HOUR, MINUTE, SECOND } from '../clock/clock.ts';
import { HarnessError } from '../client/process.ts';
import type { Profile, ResolvedClient } from '../client/profile.ts';
import { DIALECTS } from '../dialects.ts';
import { TestAuthority } from '../shim/test-authority.ts';
import { checkUpstreams } from '../shim/upstream.ts';
import type { TraceEvent } from '../trace/event.ts';
import { Recorder } from '../trace/recorder.ts';
import type { WorldMaker } from './choose-time.ts';
import { ClientControl } from './client-control.ts';
import { launcherHint } from './launcher-hint.ts';
import { isVirtual } from './mode.ts';
import { openUpstreams } from './open-upstreams.ts';
import { prepareClient } from './prepare-client.ts';

/** The client is not to blame: this mode of time cannot carry it. */
export class WorldError extends HarnessError {}

/** No client knows it: one that says `ok` to it says `ok` to anything. */
const MADE_UP_COMMAND = 'fold-the-laundry';
const ANSWER_BOUND = 20n * SECOND;
const GRACE = 5n * SECOND;

const CLIENT: ClientPlan = {
  name: 'client',
  mode: 'offline',
  attempts: 1,
  retryDelayNs: 15n * MINUTE,
  pollingIntervalNs: 4n * HOUR,
  liveStatusIntervalNs: HOUR,
  connectTimeoutNs: 10n * SECOND,
  answerTimeoutNs: 30n * SECOND,
};

/**
 * Starts the client once before any case, so that one that cannot be started or driven is told once and clearly. A driven
 * client gets a made-up command, which it must call unsupported. Throws a HarnessError with its last words and a remedy.
 */
export async function preflight(
  makeWorld: WorldMaker,
  plan: Plan,
  client: ResolvedClient,
  { faces }: Dialect = DIALECTS[plan.dialect]!,
): Promise<void> {
  const { profile } = client;
  const unreachable = await checkUpstreams(profile.upstreams);
  if (unreachable !== undefined) throw new HarnessError(unreachable);
  await tryUpstreams(makeWorld, plan, profile, faces);
  // Where no server is, a black box that gives up does what it must: there is nothing to find out.
  if (profile.protocol === 'opaque' && profile.tier === 'black-box') return;
  const folder = temporaryFolder();
  const world = makeWorld(plan);
  const recorder = new Recorder(world.clock);
  const servers = world.places(0, plan.servers, faces);
  try {
    const prepared = prepareClient(
      client,
      CLIENT,
      1,
      servers,
      1,
      join(folder, 'client'),
      profile.tls && new TestAuthority(world.epochMs, Date.now()),
    );
    const control = new ClientControl({
      plan: CLIENT,
      profile: client.profile,
      world,
      recorder,
      prepared,
    });
    // To start is real work, whatever time the case runs in.
    const scale = BigInt(world.divisor);
    control.start();
    if (client.profile.tier === 'driven') {
      const stop = recorder.listen(({ event }) => {
        if (event !== 'answer') return;
        stop();
        control.shutDown(world.clock, GRACE);
      });
      control.command(MADE_UP_COMMAND);
      world.clock.at(ANSWER_BOUND * scale, () => control.shutDown(world.clock, GRACE));
    } else world.clock.at(SECOND * scale, () => control.shutDown(world.clock, GRACE));
    await carried(
      world.run(() => !control.alive),
      launcherHint(profile.command),
    );
    const wrong = whatIsWrong(recorder.events(), client);
    if (wrong !== undefined) throw new HarnessError(complaint(client, wrong, control.stderrTail));
  } finally {
    await world.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** What does not come up is told once, not by every case. */
async function tryUpstreams(
  makeWorld: WorldMaker,
  plan: Plan,
  profile: Profile,
  faces: Dialect['faces'],
): Promise<void> {
  const servers = plan.servers.filter((server) => Object.hasOwn(profile.upstreamCommands, server));
  if (servers.length === 0) return;
  const world = makeWorld(plan);
  const folder = temporaryFolder();
  const commands = profile.upstreamCommands;
  const places = world.places(0, plan.servers, faces);
  const started = openUpstreams({ commands, folder, places, fail: () => {} }, world);
  try {
    const start = started.start(servers);
    await (isVirtual(makeWorld.mode) ? carried(start) : start);
  } finally {
    started.release();
    await world.close();
    await started.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

async function carried(run: Promise<unknown>, hint?: string): Promise<void> {
  try {
    await run;
  } catch (error) {
    if (!(error instanceof HarnessError)) throw error;
    throw new WorldError(hint === undefined ? error.message : `${error.message}; or: ${hint}`);
  }
}

function whatIsWrong(events: readonly TraceEvent[], client: ResolvedClient): string | undefined {
  const unsupported = events.find(({ event, fields }) => event === 'answer' && fields['id'] === 0);
  // It said properly that it cannot even start: that is each case's verdict.
  if (unsupported) return undefined;
  const broken = events.find(({ event }) => event === 'contract');
  if (broken) {
    const { why, line } = broken.fields;
    return line === undefined ? String(why) : `${why}: ${line}`;
  }
  if (client.profile.tier !== 'driven') return undefined;
  const answer = events.find(({ event }) => event === 'answer');
  if (answer?.fields['result'] === 'unsupported') return undefined;
  return `it answered "${answer?.fields['result']}" to the made-up command ${MADE_UP_COMMAND}, which must be unsupported`;
}

function complaint(client: ResolvedClient, wrong: string, lastWords: readonly string[]): string {
  const isDriven = client.profile.tier === 'driven';
  const words = lastWords.slice(-8).map((line) => `\n    ${line}`);
  const hint = launcherHint(client.profile.command);
  return [
    `${client.spec} cannot be ${isDriven ? 'driven' : 'played'}: ${wrong}`,
    lastWords.length > 0
      ? `\n  its last words${isDriven ? ' on stderr' : ''}:${words.join('')}`
      : '',
    hint === undefined ? '' : `\n  ${hint}`,
    '\n  what a client owes is in docs/client-contract.md; ',
    isDriven
      ? 'a program that takes no commands on stdin needs a profile with tier: black-box'
      : 'a black box runs until it is told to end: by its hook, or SIGTERM',
  ].join('');
}
