// Sends the recorded bytes of clients to emulated servers, in virtual time: where do their answers differ?
import type { Dialect, Host } from '../../emulators/emulator.ts';
import type { Plan } from '../case/plan.ts';
import { MILLISECOND, SECOND, type Nanos } from '../clock/clock.ts';
import { lineOf } from '../capture/capture-file.ts';
import { Director } from '../run/director.ts';
import { ServerControl } from '../run/server-control.ts';
import { hostOf, setupOf } from '../run/servers.ts';
import { VirtualWorld } from '../run/virtual-world.ts';
import { Shim } from '../shim/shim.ts';
import { Upstreams } from '../shim/upstream.ts';
import type { Endpoint } from '../shim/transport.ts';
import type { Dialed } from '../shim/transport-virtual.ts';
import type { Trace, TraceEvent } from '../trace/event.ts';
import { Recorder } from '../trace/recorder.ts';
import { isActivity } from './activity.ts';
import { type AnswerDifference, answerDifferences } from './answers.ts';
import { attemptsOf, type RecordedAttempt } from './client-side.ts';
import { completed, inferPlan, type Settings } from './infer-plan.ts';
import { Leases } from './leases.ts';
import { playOf } from './play-of.ts';
import { ReplayError } from './replay-error.ts';

export interface AsClientOptions {
  readonly file: string;
  readonly dialect: Dialect;
  /** Absent: it is inferred. */
  readonly plan?: Plan;
  readonly settings?: Settings;
  readonly seed: number;
}

export interface PlayedToServers {
  readonly differences: readonly AnswerDifference[];
  /** Connection attempts in the capture. */
  readonly attempts: number;
  /** Those whose answers were compared. */
  readonly compared: number;
  /** What came, as a trace. */
  readonly events: readonly TraceEvent[];
}

/** What a byte takes in the virtual network. */
const LATENCY: Nanos = MILLISECOND;
/** So long an attempt goes on that nobody answers. */
const PATIENCE: Nanos = 30n * SECOND;

/** Throws a ReplayError for a capture that has nothing to send. */
export async function playAsClient(
  trace: Trace,
  options: AsClientOptions,
): Promise<PlayedToServers> {
  const { file, dialect, seed, settings } = options;
  const attempts = attemptsOf(trace.events);
  checkSendable(trace, attempts, file);
  const epochMs = Date.parse(trace.header.epoch);
  const world = new VirtualWorld({ epochMs, seed, stallMs: 0, preload: '' });
  const { clock } = world;
  const recorder = new Recorder(clock);
  const controls = new Map<string, ServerControl>();
  const shim = new Shim({
    clock,
    recorder,
    transport: world.transport,
    faces: dialect.faces,
    seed,
    emulator: (name) => controls.get(name)!.emulator,
  });
  const inferred = inferPlan(trace, file, settings);
  const clients = [...new Set(attempts.map(({ client }) => client))];
  const base = options.plan ?? inferred;
  const upstreams = new Upstreams({ addresses: {}, hold: () => {}, unreachable: () => {} });
  for (const server of inferred.servers) {
    const host = hostOf(server, { clock, recorder, shim, upstreams, terminate: undefined });
    const create = (own: Host) => dialect.create(own, setupOf(base, 1));
    controls.set(server, new ServerControl(host, create, shim, recorder));
  }
  const { events, places } = completed(trace, clients);
  const isInferred = !trace.events.some(({ event }) => event === 'end' || event === 'down');
  const lines = (index: number): number => lineOf(places[index]!);
  const play = playOf(
    { ...trace, events },
    { file, faces: dialect.faces, isInferred, lines, isWhole: true },
  ).filter((step) => !isActivity(step));
  const director = new Director(
    { ...base, play },
    { clock, recorder, shim, servers: controls, clients: new Map() },
  );
  const leases = new Leases(trace.events);
  recorder.listen((event) => leases.heard(event));
  try {
    director.arm();
    const serversOf = clients.map((_, client) =>
      world.places(client, inferred.servers, dialect.faces),
    );
    for (const [client, servers] of serversOf.entries())
      for (const { name: server, address, ports } of servers)
        for (const [face, port] of Object.entries(ports))
          await shim.open({ server, face, client: clients[client]!, address, port });
    director.begin();
    for (const attempt of attempts) {
      const servers = serversOf[clients.indexOf(attempt.client)]!;
      const { address, ports } = servers.find(({ name }) => name === attempt.server)!;
      repeatAttempt(attempt, world, { address, port: ports[attempt.face]! }, (bytes) =>
        dialect.exchanges
          ? dialect.exchanges.rename(attempt.face, bytes, leases.of(attempt.server))
          : bytes,
      );
    }
    const last = (trace.events.at(-1)?.at ?? 0n) + PATIENCE;
    let isOver = false;
    clock.at(last, () => (isOver = true));
    await world.run(() => (director.finished && isOver) || recorder.overflowed);
    await shim.settled();
  } finally {
    await world.close();
    await shim.close();
    for (const { emulator } of controls.values()) emulator.close();
  }
  const now = recorder.events();
  const [then, came] = paired(attempts, attemptsOf(now));
  const differences = answerDifferences(
    { events: trace.events, attempts: then },
    { events: now, attempts: came },
    dialect,
  );
  return { differences, attempts: attempts.length, compared: then.length, events: now };
}

export function checkSendable(
  { events }: Trace,
  attempts: readonly RecordedAttempt[],
  file: string,
): void {
  if (attempts.length === 0)
    throw new ReplayError(
      `${file}: no line of it is a connection attempt of a client: there is nothing to send`,
    );
  const known = new Set(attempts.flatMap(({ conn }) => conn ?? []));
  const middle = events.findIndex(({ conn }) => conn !== undefined && !known.has(conn));
  if (middle >= 0)
    throw new ReplayError(
      `${file}:${lineOf(middle)}: connection ${events[middle]!.conn} is recorded from its middle on: what the client sent before is not known`,
    );
  const bare = attempts
    .flatMap(({ deeds }) => deeds)
    .find(
      ({ kind, bytes, index }) =>
        kind === 'send' && bytes.length === 0 && Number(events[index]!.fields['length'] ?? 0) > 0,
    );
  if (bare)
    throw new ReplayError(
      `${file}:${lineOf(bare.index)}: the bytes of this line are not in the capture, only their number: they cannot be sent again`,
    );
}

/** The nth attempt of a client at a face, then and now; what was not tried again has no pair. */
export function paired(
  then: readonly RecordedAttempt[],
  now: readonly RecordedAttempt[],
): readonly [then: readonly RecordedAttempt[], now: readonly RecordedAttempt[]] {
  const queues = new Map<string, RecordedAttempt[]>();
  for (const attempt of now) {
    const key = placeOf(attempt);
    const queue = queues.get(key) ?? [];
    queues.set(key, queue);
    queue.push(attempt);
  }
  const pairs = then.flatMap((attempt) => {
    const other = queues.get(placeOf(attempt))?.shift();
    return other ? [[attempt, other] as const] : [];
  });
  return [pairs.map(([a]) => a), pairs.map(([, b]) => b)];
}

function placeOf({ server, face, client }: RecordedAttempt): string {
  return JSON.stringify([server, face, client]);
}

function repeatAttempt(
  { at, deeds, outcome }: RecordedAttempt,
  { clock, transport }: VirtualWorld,
  { address, port }: Pick<Endpoint, 'address' | 'port'>,
  rename: (bytes: Buffer) => Buffer,
): void {
  const sentAt = (time: Nanos): Nanos => (time > LATENCY ? time - LATENCY : 0n);
  let link: Dialed | undefined;
  clock.at(sentAt(at), () => {
    link = transport.dial(address, port, {
      connected: () => {
        if (outcome !== 'connect') link!.close();
      },
      failed: () => {},
      data: () => {},
      end: () => link!.close(),
      reset: () => {},
    });
    // An attempt that was not answered was given up at some time.
    if (outcome === 'unanswered') clock.at(clock.now() + PATIENCE, () => link!.close());
  });
  for (const { kind, at: time, bytes } of deeds)
    clock.at(sentAt(time), () => {
      if (kind === 'send') link!.write(rename(bytes));
      else if (kind === 'end') link!.end();
      else link!.reset();
    });
}
