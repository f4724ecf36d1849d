import type { Connection, Dialect, Emulator, Host } from '../emulator.ts';
import { passOn } from './pass-on.ts';

/**
 * No protocol at all: bytes pass untouched between the client and a real server, so that TLS stays closed and any protocol
 * will do. Nothing is understood, hence nothing is noted.
 */
export const opaque: Dialect = {
  name: 'opaque',
  faces: [{ name: 'tcp', transport: 'tcp', port: 7240, answerFaults: {} }],
  opaque: true,
  records: false,
  unknownFaults: {
    'lost-ack': 'nobody here can tell which answer is an acknowledgement: write cut 0 fin',
  },
  create: (host) => new OpaqueEmulator(host),
};

class OpaqueEmulator implements Emulator {
  readonly #host: Host;
  readonly #connections = new Set<Connection>();

  constructor(host: Host) {
    this.#host = host;
  }

  accept(_face: string, connection: Connection): void {
    const upstream = this.#host.dial?.();
    if (!upstream) throw new Error(`nothing stands behind ${this.#host.server}`);
    this.#connections.add(connection);
    connection.stream.on('close', () => this.#connections.delete(connection));
    passOn(connection, upstream, this.#host.terminate?.(connection));
  }

  close(): void {
    for (const { stream } of this.#connections) stream.destroy();
  }
}
