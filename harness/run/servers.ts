import type { Host, ServerSetup } from '../../emulators/emulator.ts';
import type { Plan } from '../case/plan.ts';
import type { Clock, Nanos } from '../clock/clock.ts';
import { fromMs, toMs } from '../clock/duration.ts';
import type { Shim } from '../shim/shim.ts';
import type { Upstreams } from '../shim/upstream.ts';
import type { Recorder } from '../trace/recorder.ts';

/** What one emulated server borrows from the case that it is part of. */
export function hostOf(
  server: string,
  {
    clock,
    recorder,
    shim,
    upstreams,
    terminate,
  }: {
    clock: Clock;
    recorder: Recorder;
    shim: Shim;
    upstreams: Upstreams;
    terminate: Host['terminate'] | undefined;
  },
): Host {
  return {
    dial: () => upstreams.dial(server),
    ...(terminate && { terminate }),
    server,
    wallMs: () => clock.wallMs(),
    after: (delayMs, action) => {
      const timer = clock.at(clock.now() + fromMs(delayMs), action);
      return () => timer.cancel();
    },
    note: (face, from, note) => recorder.record({ actor: server, face, from, ...note }),
    answerFault: (face, names) => shim.answerFault(server, face, names),
  };
}

/** What a case prepares on each of its servers. The configuration that they hand out is that of the first client. */
export function setupOf(plan: Plan, divisor: number): ServerSetup {
  const client = plan.clients[0]!;
  const ms = (duration: Nanos) => Math.max(1, Math.round(toMs(duration) / divisor));
  return {
    seats: plan.seats,
    forbidden: plan.forbidden,
    excludedPrograms: plan.excludedPrograms ?? 0,
    ...(plan.callbackGraceNs !== undefined && { callbackGraceMs: toMs(plan.callbackGraceNs) }),
    configuration: {
      version: 1,
      mode: client.mode,
      attempts: client.attempts,
      retryDelayMs: ms(client.retryDelayNs),
      pollingIntervalMs: ms(client.pollingIntervalNs),
      liveStatusIntervalMs: ms(client.liveStatusIntervalNs),
      timedOutAfterMs: toMs(plan.timedOutAfterNs),
      servers: plan.servers,
    },
  };
}
