import { rm } from 'node:fs/promises';
import { isIP } from 'node:net';
import { join } from 'node:path';
import type { Dialect, Host } from '../../emulators/emulator.ts';
import type { Plan } from '../case/plan.ts';
import { temporaryFolder } from '../client/temporary-folder.ts';
import { MILLISECOND, type Clock, type Nanos } from '../clock/clock.ts';
import { toMs } from '../clock/duration.ts';
import { ConfigurationError } from '../client/configuration.ts';
import { HarnessError } from '../client/process.ts';
import type { ResolvedClient } from '../client/profile.ts';
import { TemplateError } from '../client/template.ts';
import { Shim } from '../shim/shim.ts';
import { terminator } from '../shim/terminate.ts';
import { TestAuthority } from '../shim/test-authority.ts';
import { type UpstreamAddress, Upstreams } from '../shim/upstream.ts';
import { TransportError } from '../shim/transport.ts';
import type { Trace, TraceHeader } from '../trace/event.ts';
import { Recorder } from '../trace/recorder.ts';
import { ClientControl } from './client-control.ts';
import { Director } from './director.ts';
import { Guard } from './guard.ts';
import { openUpstreams } from './open-upstreams.ts';
import { prepareClient } from './prepare-client.ts';
import { ServerControl } from './server-control.ts';
import { hostOf, setupOf } from './servers.ts';
import type { World } from './world.ts';

/** What a client sent right before it ended is still on its way: the servers hear it. */
const LAST_PACKETS_NS: Nanos = 5n * MILLISECOND;

export interface CaseOptions {
  readonly client: ResolvedClient;
  readonly dialect: Dialect;
  /** Path of the module of the dialect, where it is not ours. */
  readonly module?: string | undefined;
  readonly seed: number;
  readonly signal?: AbortSignal | undefined;
}

export interface Played {
  readonly trace: Trace;
  readonly stderrTail: readonly string[];
  /** What the trace, which is the servers', cannot show: where a client has dialled in vain. */
  readonly notes?: readonly string[];
  /** Where a client has dialled a real server itself, past us, whatever came of the case. */
  readonly bypasses?: readonly string[];
  /** Steps that a hook of the profile did not do, whatever came of the case. */
  readonly failedHooks?: readonly string[];
  readonly clientMs: number;
  /** Of repeats: their traces are the same but for what stands inside TLS. */
  readonly differsInTls?: true;
  /** Why the client cannot play this case. */
  readonly unsupported?: string;
  /** Ours, not the client's: what went wrong so that nothing can be said. */
  readonly error?: string;
}

/** Plays one case against one client build, and gives its trace. Read this first. */
export async function runCase(plan: Plan, world: World, options: CaseOptions): Promise<Played> {
  const { clock } = world;
  const recorder = new Recorder(clock);
  const controls = new Map<string, ServerControl>();
  const { faces } = options.dialect;
  const shim = new Shim({
    clock,
    recorder,
    transport: world.transport,
    faces,
    seed: options.seed,
    emulator: (name) => controls.get(name)!.emulator,
  });
  let broken: string | undefined;
  const fail = (message: string) => {
    broken ??= message;
    world.wake();
  };
  const { module } = options;
  const guard = module === undefined ? undefined : new Guard(module, fail);
  const { upstreamCommands: commands } = options.client.profile;
  const behind = { ...options.client.profile.upstreams };
  const upstreams = new Upstreams({
    addresses: behind,
    hold: (work) => world.hold(work),
    unreachable: fail,
  });
  const { tls, upstreams: real } = options.client.profile;
  const authority = tls && new TestAuthority(world.epochMs, Date.now());
  const places = plan.clients.map((_, client) => world.places(client, plan.servers, faces));
  for (const [index, server] of plan.servers.entries()) {
    const addresses = new Set(places.map((servers) => servers[index]!.address));
    const terminate =
      authority && terminator(authority, [server, ...addresses, ...hostNames(real[server])]);
    const host = hostOf(server, { clock, recorder, shim, upstreams, terminate });
    const make = (own: Host) => options.dialect.create(own, setupOf(plan, world.divisor));
    const create = (own: Host) => guard?.emulator(make, own) ?? make(own);
    controls.set(server, new ServerControl(host, create, shim, recorder));
  }
  const folder = temporaryFolder();
  const clients = new Map<string, ClientControl>();
  const started = openUpstreams({ commands, folder, fail, places: places[0]! }, world);
  let error: string | undefined;
  let unsupported: string | undefined;
  try {
    Object.assign(behind, await started.start(plan.servers));
    const director = new Director(plan, { clock, recorder, shim, servers: controls, clients });
    director.arm();
    for (const [index, client] of plan.clients.entries()) {
      const servers = places[index]!;
      for (const { name: server, address, ports } of servers)
        for (const [face, port] of Object.entries(ports))
          await shim.open({ server, face, client: client.name, address, port });
      const prepared = prepareClient(
        options.client,
        client,
        index + 1,
        servers,
        world.divisor,
        join(folder, client.name),
        authority,
      );
      clients.set(
        client.name,
        new ClientControl({
          plan: client,
          profile: options.client.profile,
          world,
          recorder,
          prepared,
          fail,
        }),
      );
    }
    director.begin();
    const landed = heldFor(clock, LAST_PACKETS_NS, () => director.finished);
    await world.run(
      () =>
        landed() || recorder.overflowed || broken !== undefined || options.signal?.aborted === true,
    );
    if (broken !== undefined) throw new HarnessError(broken);
    await shim.settled();
  } catch (cause) {
    // An error without a class of its own is a mistake of ours too, but one that nobody has foreseen: it keeps its stack.
    if (!isForeseen(cause)) throw cause;
    if (cause instanceof TemplateError) unsupported = cause.message;
    else error = cause.message;
  } finally {
    started.release();
    for (const client of clients.values()) client.close();
    await world.close();
    await shim.close();
    for (const { emulator } of controls.values()) emulator.close();
    upstreams.close();
    await started.close();
    // A journal may take milliseconds for it, in which other cases go on.
    await rm(folder, { recursive: true, force: true });
  }
  // What the end of the servers has brought to light.
  error ??= broken;
  return {
    trace: { header: headerOf(plan, world, options), events: recorder.events() },
    stderrTail: [...clients.values()].flatMap(({ stderrTail }) => stderrTail),
    ...world.strays.tell({
      network: options.client.profile.network,
      clients: plan.clients.map(({ name }) => name),
      places,
      behind,
    }),
    failedHooks: [...clients.values()].flatMap(({ failedHooks }) => failedHooks),
    clientMs: toMs(clock.now()),
    ...(unsupported !== undefined && { unsupported }),
    ...(error !== undefined && { error }),
  };
}

/** True once `condition` has been true for `delay` of case time. */
function heldFor(clock: Clock, delay: Nanos, condition: () => boolean): () => boolean {
  let due: Nanos | undefined;
  return () => {
    if (!condition()) return false;
    if (due === undefined) {
      due = clock.now() + delay;
      clock.at(due, () => {});
    }
    return clock.now() >= due;
  };
}

/** A client that looks for the real name of its server finds it. */
function hostNames(real: UpstreamAddress | undefined): readonly string[] {
  return real && !isIP(real.host) ? [real.host] : [];
}

function isForeseen(cause: unknown): cause is Error {
  return [HarnessError, ConfigurationError, TemplateError, TransportError].some(
    (kind) => cause instanceof kind,
  );
}

export function headerOf(
  plan: Plan,
  world: World,
  { client, seed }: Pick<CaseOptions, 'client' | 'seed'>,
): TraceHeader {
  const lateness = world.lateness?.();
  return {
    meterproof: 1,
    case: plan.id,
    client: client.spec,
    ...(plan.dialect !== 'metering' && { dialect: plan.dialect }),
    time: world.name,
    seed,
    epoch: new Date(world.epochMs).toISOString(),
    observer: world.observer,
    ...(lateness && { lateness }),
  };
}
