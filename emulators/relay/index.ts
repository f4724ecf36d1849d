import type {
  Connection,
  Dialect,
  Emulator,
  Host,
  ServerCommand,
  ServerSetup,
} from '../emulator.ts';
import { HttpFace } from '../http/http-face.ts';
import { answerRelay, type RelayServer } from './api.ts';
import { relayDecoders } from './decoder.ts';
import { checkFault, RELAY_ASKS, RELAY_FAULTS } from './faults.ts';
import { Pools } from './pools.ts';

/**
 * A floating-licence server over HTTP, with the public API of keygen-sh/keygen-relay (docs/relay.md). Its only face is called
 * like the role that it plays: where licences are asked for, `pipe`.
 */
export const relay: Dialect = {
  name: 'relay',
  faces: [
    {
      name: 'pipe',
      transport: 'http',
      port: 6349,
      answerFaults: RELAY_FAULTS,
      asks: RELAY_ASKS,
    },
  ],
  leavesOpen:
    'the API of relay defines neither failover nor retry: attempts, gaps and the next server are judged by the rules of Meterproof and by what the profile states',
  records: false,
  events: [
    'probe',
    'lease-request',
    'lease-grant',
    'lease-deny',
    'lease-renew',
    'lease-release',
    'lease-reclaim',
    'busy',
    'malformed',
    'protocol-error',
  ],
  create: (host, setup) => new RelayEmulator(host, setup),
  decoders: relayDecoders,
  commands: ['restart', 'seats'],
  checkAnswerFault: (_face, fault) => checkFault(fault),
};

class RelayEmulator implements Emulator {
  readonly #pools: Pools;
  readonly #face: HttpFace;

  constructor(host: Host, { seats, forbidden, configuration }: ServerSetup) {
    const ttlMs = configuration.timedOutAfterMs;
    this.#pools = new Pools(host, { seats, absent: forbidden, ttlMs });
    const server: RelayServer = { host, pools: this.#pools, ttlMs };
    this.#face = new HttpFace({
      answer: (request, { client }) => answerRelay(server, request, client),
      wallMs: () => host.wallMs(),
    });
  }

  accept(face: string, connection: Connection): void {
    if (face !== 'pipe') throw new RangeError(`relay has no face "${face}"`);
    this.#face.accept(connection);
  }

  command(command: ServerCommand): void {
    if (command.kind === 'seats') this.#pools.setSeats(command.program, command.seats);
    else if (command.state === 'lost') this.#pools.forget();
  }

  close(): void {
    this.#pools.forget();
    this.#face.close();
  }
}
