// An emulated server of the metering dialect on real ports of loopback.
import type { Emulator } from '../../emulators/emulator.ts';
import { metering } from '../../emulators/metering/index.ts';
import { RealClock } from '../clock/real.ts';
import { Shim } from '../shim/shim.ts';
import { RealTransport } from '../shim/transport-real.ts';
import { Recorder } from '../trace/recorder.ts';
import type { TraceEvent } from '../trace/event.ts';

export interface Emulated {
  readonly ports: Readonly<Record<string, number>>;
  readonly address: string;
  /** What the server itself has noted. */
  events(): readonly TraceEvent[];
  close(): Promise<void>;
}

export async function emulate(server: string, address: string): Promise<Emulated> {
  const clock = new RealClock();
  const recorder = new Recorder(clock);
  let emulator: Emulator | undefined;
  const shim = new Shim({
    clock,
    recorder,
    transport: new RealTransport(),
    faces: metering.faces,
    emulator: () => emulator!,
  });
  emulator = metering.create(
    {
      server,
      wallMs: () => clock.wallMs(),
      after: (delayMs, action) => {
        const timer = clock.at(clock.now() + BigInt(delayMs) * 1_000_000n, action);
        return () => timer.cancel();
      },
      note: () => {},
      answerFault: () => undefined,
    },
    {
      seats: { 'word.exe': 1 },
      forbidden: [],
      configuration: {
        version: 1,
        mode: 'online',
        attempts: 3,
        retryDelayMs: 1000,
        pollingIntervalMs: 1000,
        liveStatusIntervalMs: 1000,
        timedOutAfterMs: 3_600_000,
        servers: [server],
      },
    },
  );
  for (const { name: face, port } of metering.faces)
    await shim.open({ server, face, client: 'client', address, port });
  clock.start();
  return {
    address,
    ports: Object.fromEntries(metering.faces.map(({ name, port }) => [name, port])),
    events: () => recorder.events(),
    close: async () => {
      clock.close();
      await shim.close();
      emulator?.close();
    },
  };
}
