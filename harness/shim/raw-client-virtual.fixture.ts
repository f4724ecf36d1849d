import type { Nanos } from '../clock/clock.ts';
import type { VirtualClock } from '../clock/virtual.ts';
import { Seen, type RawClient, type RawConnection } from './raw-client.fixture.ts';
import type { VirtualNetwork } from './transport-virtual.ts';

/** The raw client of the virtual network: it moves the clock itself while it waits. */
export class VirtualRawClient implements RawClient {
  readonly #clock: VirtualClock;
  readonly #network: VirtualNetwork;
  readonly #boundNs: Nanos;

  constructor(clock: VirtualClock, network: VirtualNetwork, boundNs: Nanos) {
    this.#clock = clock;
    this.#network = network;
    this.#boundNs = boundNs;
  }

  connect(address: string, port: number): RawConnection {
    const seen = new Seen();
    const socket = this.#network.dial(address, port, {
      connected: () => seen.add('connect'),
      failed: (code) => seen.add(code === 'ECONNREFUSED' ? 'refused' : 'timed-out'),
      data: ({ length }) => seen.data(length),
      end: () => seen.add('fin'),
      reset: () => seen.add('reset'),
    });
    return {
      seen: seen.words,
      send: (bytes) => socket.write(Buffer.from(bytes)),
      end: () => socket.end(),
      reset: () => socket.reset(),
      until: (word) => this.#until(seen, word),
    };
  }

  close(): void {}

  async #until(seen: Seen, word: string): Promise<boolean> {
    const bound = this.#clock.now() + this.#boundNs;
    const before = seen.count;
    for (;;) {
      // The emulator's streams work in ticks.
      await new Promise((resolve) => setImmediate(resolve));
      await new Promise((resolve) => setImmediate(resolve));
      if (seen.has(word)) return true;
      const next = this.#clock.next();
      if (next === undefined || next > bound) break;
      this.#clock.advanceTo(next);
    }
    if (seen.count === before) seen.add('silence');
    return seen.has(word);
  }
}
