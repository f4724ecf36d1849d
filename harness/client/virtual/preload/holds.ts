import os from 'node:os';
import type { Channel } from './channel.ts';
import type { Internals } from './internals.ts';

/** Lets the harness ask, by a signal, what keeps the process from coming to rest. No listener of the client's sees it. */
export function installHolds(channel: Channel, { Signal }: Internals): void {
  const signal = new Signal();
  signal.onsignal = () => channel.tell({ holds: process.getActiveResourcesInfo() });
  signal.start(os.constants.signals.SIGUSR2);
  signal.unref();
  Object.defineProperty(globalThis, Symbol('meterproof.holds'), { value: signal });
}
