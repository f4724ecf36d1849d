// A small world for the tests of virtual time: a network with scripted servers, and a clock that moves when a client rests.
import { formatDuration } from '../clock/duration.ts';
import type { Nanos } from '../clock/clock.ts';
import { VirtualClock } from '../clock/virtual.ts';
import type { Listener, Listening, Wire, WireListener } from '../shim/transport.ts';
import { VirtualNetwork } from '../shim/transport-virtual.ts';

export const EPOCH_MS = Date.UTC(2026, 0, 5);

export interface ServerSpec {
  readonly address?: string;
  readonly port: number;
  readonly state?: Listening;
  /** What the server does with a connection. */
  readonly accept?: (wire: Wire, clock: VirtualClock) => WireListener;
}

/** What of a client the clock is driven by. */
interface Driven {
  readonly ended: boolean;
  readonly needsTurn: boolean;
  readonly deadline: Nanos | undefined;
  readonly evidence: string;
  turn(): Promise<void>;
  kill(): void;
}

const tick = () => new Promise((resolve) => setImmediate(resolve));

export class ScriptedWorld {
  readonly clock = new VirtualClock(EPOCH_MS);
  readonly network = new VirtualNetwork(this.clock);
  /** Everything that happened, behind its time. */
  readonly lines: string[] = [];

  readonly note = (text: string): void => {
    this.lines.push(`${formatDuration(this.clock.now())} ${text}`);
  };

  /** Attempts, connections and resets are noted. */
  listen(
    { address = '127.0.0.1', port, state = 'open' }: ServerSpec,
    accept: (wire: Wire) => WireListener,
  ): Promise<Listener> {
    const endpoint = { server: `s${port}`, face: 'pipe', client: 'c', address, port };
    return this.network.listen(endpoint, state, {
      attempted: (outcome) => this.note(`${port} ${outcome}`),
      accept: (wire) => {
        this.note(`${port} accept`);
        const inner = accept(wire);
        return {
          data: (bytes) => inner.data(bytes),
          end: () => inner.end(),
          reset: () => {
            this.note(`${port} reset`);
            inner.reset();
          },
        };
      },
    });
  }

  /** Until the client has ended; it is killed at `until`. Rejects with a deadlock, or with what breaks the client off. */
  async drive(client: Driven, until: Nanos): Promise<void> {
    while (!client.ended) {
      await tick();
      await tick();
      if (client.needsTurn) await client.turn();
      else this.#advance(client, until);
    }
  }

  #advance(client: Driven, until: Nanos): void {
    const { deadline } = client;
    const own = this.clock.next();
    const next = own === undefined || (deadline !== undefined && deadline < own) ? deadline : own;
    if (next === undefined) throw new Error(`deadlock: ${client.evidence}`);
    if (next > until) client.kill();
    else this.clock.advanceTo(next);
  }
}

/** Answers each `asked` that it receives, and a FIN with a FIN. */
export function answering(asked: RegExp, answer: string): (wire: Wire) => WireListener {
  return (wire) => {
    wire.resume();
    return {
      data: (bytes) => {
        for (const _ of bytes.toString('latin1').matchAll(asked))
          wire.write(Buffer.from(answer), () => {});
      },
      end: () => wire.end(),
      reset: () => {},
    };
  };
}
