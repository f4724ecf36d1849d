// Emulated servers by themselves, on real ports: who the client is, and what makes it work, is somebody else's affair.
import type { Dialect } from '../../emulators/emulator.ts';
import type { Plan } from '../case/plan.ts';
import { formatDuration } from '../clock/duration.ts';
import { RealClock } from '../clock/real.ts';
import { Shim } from '../shim/shim.ts';
import { RealTransport } from '../shim/transport-real.ts';
import type { Endpoint } from '../shim/transport.ts';
import { Upstreams } from '../shim/upstream.ts';
import type { TraceEvent } from '../trace/event.ts';
import { Recorder } from '../trace/recorder.ts';
import { type DirectedClient, Director } from './director.ts';
import { ServerControl } from './server-control.ts';
import { hostOf, setupOf } from './servers.ts';

export interface ServeOptions {
  /** Its servers are played; so is its play, unless it is empty. */
  readonly plan: Plan;
  readonly dialect: Dialect;
  /** Where each client of the plan finds each face. */
  readonly endpoints: readonly Endpoint[];
  /** How many times as fast case time passes. */
  readonly factor: number;
  readonly happened: (event: TraceEvent) => void;
  /** What the play wants of a client now, in the notation of cases: `client  run word.exe for 2h`. */
  readonly wanted: (text: string) => void;
  readonly problem: (text: string) => void;
}

export interface Served {
  /** No more is written down: somebody has flooded the servers. */
  readonly overflowed: boolean;
  close(): Promise<void>;
}

/** Resolves once every face listens. Rejects with a `TransportError` where one cannot; then nothing listens. */
export async function serve(options: ServeOptions): Promise<Served> {
  const { plan, dialect, factor, problem } = options;
  const clock = new RealClock(factor);
  const recorder = new Recorder(clock);
  recorder.listen(options.happened);
  const controls = new Map<string, ServerControl>();
  const shim = new Shim({
    clock,
    recorder,
    transport: new RealTransport((error) => problem(error.message)),
    faces: dialect.faces,
    seed: 1,
    emulator: (name) => controls.get(name)!.emulator,
  });
  const upstreams = new Upstreams({ addresses: {}, hold: () => {}, unreachable: problem });
  for (const server of plan.servers) {
    const host = hostOf(server, { clock, recorder, shim, upstreams, terminate: undefined });
    const make = (own: typeof host) => dialect.create(own, setupOf(plan, factor));
    controls.set(server, new ServerControl(host, make, shim, recorder));
  }
  const close = async (): Promise<void> => {
    clock.close();
    await shim.close();
    for (const { emulator } of controls.values()) emulator.close();
  };
  const clients = new Map(
    plan.clients.map(({ name }) => [name, clientElsewhere(name, options.wanted)]),
  );
  const director =
    plan.play.length > 0
      ? new Director(plan, { clock, recorder, shim, servers: controls, clients })
      : undefined;
  try {
    director?.arm();
    for (const endpoint of options.endpoints) await shim.open(endpoint);
  } catch (error) {
    await close();
    throw error;
  }
  clock.start();
  director?.begin();
  return {
    get overflowed() {
      return recorder.overflowed;
    },
    close,
  };
}

/** Tells what a play wants of a client that it cannot reach. */
function clientElsewhere(name: string, wanted: (text: string) => void): DirectedClient {
  let disk = 'free';
  const want = (text: string): void => wanted(`${name}  ${text}`);
  return {
    alive: false,
    everStarted: false,
    running: [],
    start: () => want('start'),
    kill: () => want('kill'),
    runProgram: (_clock, { program, duration }) =>
      want(`run ${program} for ${formatDuration(duration)}`),
    stopProgram: () => {},
    command: (command, about) => {
      want(about === undefined ? command : `${command} ${about}`);
      return 0;
    },
    setDisk: (state) => {
      if (state !== disk) want(`disk ${state}`);
      disk = state;
    },
    setClock: (_by, text) => want(`clock ${text}`),
    shutDown: () => {},
  };
}
