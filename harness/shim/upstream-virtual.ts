import { Duplex } from 'node:stream';
import type { Dialed, VirtualNetwork } from './transport-virtual.ts';
import type { UpstreamSocket } from './upstream.ts';

type Done = (error?: Error | null) => void;

/** A connection to a server in the virtual network: what `net.connect` gives for a real one. */
export class VirtualSocket extends Duplex implements UpstreamSocket {
  readonly #dial: (connected: Done) => Dialed;
  #dialed: Dialed | undefined;
  #isReset = false;

  constructor(network: VirtualNetwork, host: string, port: number) {
    super({ allowHalfOpen: true });
    this.#dial = (connected) =>
      network.dial(host, port, {
        connected: () => connected(),
        failed: (code) => connected(failure('connect', code)),
        data: (bytes) => void this.push(bytes),
        end: () => void this.push(null),
        reset: () => void this.destroy(failure('read', 'ECONNRESET')),
      });
  }

  override _construct(done: Done): void {
    this.#dialed = this.#dial((error) => {
      done(error);
      if (!error) this.emit('connect');
    });
  }

  override _read(): void {}

  override _write(bytes: Buffer, _encoding: BufferEncoding, done: Done): void {
    this.#dialed!.write(Buffer.from(bytes));
    done();
  }

  override _final(done: Done): void {
    this.#dialed!.end();
    done();
  }

  override _destroy(error: Error | null, done: Done): void {
    if (this.#isReset) this.#dialed!.reset();
    else this.#dialed!.close();
    done(error);
  }

  resetAndDestroy(): void {
    this.#isReset = true;
    this.destroy();
  }

  destroySoon(): void {
    if (this.writable) this.end();
    if (this.writableFinished) this.destroy();
    else this.once('finish', () => this.destroy());
  }
}

function failure(syscall: string, code: string): Error {
  return Object.assign(new Error(`${syscall} ${code}`), { code, syscall });
}
