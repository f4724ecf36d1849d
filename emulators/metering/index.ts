import type {
  Connection,
  Dialect,
  Emulator,
  Host,
  ServerCommand,
  ServerSetup,
} from '../emulator.ts';
import { pathOf } from '../http/answer.ts';
import { HttpFace } from '../http/http-face.ts';
import { meteringDecoders } from './decoder/index.ts';
import { meteringExchanges } from './exchanges/index.ts';
import { checkFault, PIPE_ASKS, PIPE_FAULTS, SHARE_ASKS, SHARE_FAULTS } from './faults.ts';
import { PipeSession } from './pipe/pipe-face.ts';
import { meteringRedactors } from './redactor/index.ts';
import { LicenseServer } from './server/license-server.ts';
import { answerShare } from './share/share.ts';

/** The protocol of docs/wire-protocol.md. */
export const metering: Dialect = {
  name: 'metering',
  faces: [
    { name: 'pipe', transport: 'tcp', port: 7230, answerFaults: PIPE_FAULTS, asks: PIPE_ASKS },
    { name: 'share', transport: 'http', port: 7280, answerFaults: SHARE_FAULTS, asks: SHARE_ASKS },
  ],
  create: (host, setup) => new MeteringEmulator(host, setup),
  decoders: meteringDecoders,
  redactors: meteringRedactors,
  exchanges: meteringExchanges,
  commands: ['restart', 'seats'],
  checkAnswerFault: (_face, fault) => checkFault(fault),
};

class MeteringEmulator implements Emulator {
  readonly #server: LicenseServer;
  readonly #share: HttpFace;
  readonly #pipes = new Set<Connection['stream']>();

  constructor(host: Host, setup: ServerSetup) {
    const server = new LicenseServer(host, setup);
    this.#server = server;
    this.#share = new HttpFace({
      answer: ({ method, target, body }) =>
        answerShare(server, { method, path: pathOf(target) ?? '', body }),
      wallMs: () => server.wallMs(),
    });
  }

  accept(face: string, connection: Connection): void {
    if (face === 'share') return this.#share.accept(connection);
    if (face !== 'pipe') throw new RangeError(`metering has no face "${face}"`);
    const { stream } = connection;
    this.#pipes.add(stream);
    stream.on('close', () => this.#pipes.delete(stream));
    new PipeSession(this.#server, connection).start();
  }

  command(command: ServerCommand): void {
    this.#server.command(command);
  }

  close(): void {
    this.#server.close();
    this.#share.close();
    for (const stream of this.#pipes) stream.destroy();
  }
}
