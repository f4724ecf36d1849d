import { TransportError } from './transport.ts';
import { connect, type Socket } from 'node:net';
import { Worker } from 'node:worker_threads';
import type { Done, Order } from './black-hole-worker.ts';

/** A thread is started from compiled code: Node 20 cannot start one from the sources. */
const WORKER = new URL(
  import.meta.url.endsWith('.ts')
    ? '../../dist/harness/shim/black-hole-worker.js'
    : 'black-hole-worker.js',
  import.meta.url,
);
/** A connection attempt on loopback that the system answers is answered within the call; this is for a machine under load. */
const SETTLE_MS = 5;
/** Systems round a backlog up; none rounds 1 up to more. */
const MOST_WITNESSES = 16;

interface Waiting {
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

/** Endpoints that answer no SYN, held by one worker thread that starts with the first of them. */
export class BlackHoles {
  readonly #bell = new Int32Array(new SharedArrayBuffer(4));
  readonly #waiting = new Map<number, Waiting>();
  readonly #witnesses = new Map<string, Socket[]>();
  #worker: Worker | undefined;
  #ready: Promise<void> | undefined;
  #lastId = 0;

  /** Starts the thread. Until then an endpoint keeps the state it had: call it before anything is closed. */
  prepare(): Promise<void> {
    this.#ready ??= this.#start();
    return this.#ready;
  }

  /**
   * Binds and fills the endpoint. Resolves once an attempt of our own stays unanswered.
   * Rejects with the system's code (`EADDRINUSE`), or in words where the system answers whatever the queue holds.
   */
  async open(address: string, port: number): Promise<void> {
    await this.prepare();
    await this.#order('open', address, port);
    const witnesses: Socket[] = [];
    this.#witnesses.set(`${address}:${port}`, witnesses);
    try {
      while (witnesses.length < MOST_WITNESSES)
        if (!(await answered(address, port, witnesses))) return;
      throw new TransportError(
        'this system answers a SYN although the queue of the listener is full',
      );
    } catch (error) {
      await this.close(address, port);
      throw error;
    }
  }

  /** Resolves once the port is free again. */
  async close(address: string, port: number): Promise<void> {
    // A witness that were left would come back with its next SYN, as a client that nobody knows.
    for (const witness of this.#witnesses.get(`${address}:${port}`) ?? []) witness.destroy();
    this.#witnesses.delete(`${address}:${port}`);
    if (this.#worker) await this.#order('close', address, port);
  }

  /** Ends the thread and with it every black hole that is left. */
  async end(): Promise<void> {
    for (const witnesses of this.#witnesses.values())
      for (const witness of witnesses) witness.destroy();
    this.#witnesses.clear();
    const worker = this.#worker;
    this.#worker = this.#ready = undefined;
    await worker?.terminate();
  }

  #start(): Promise<void> {
    const worker = new Worker(WORKER, { workerData: this.#bell, execArgv: [] });
    this.#worker = worker;
    worker.on('message', ({ id, failed }: Done) => {
      const waiting = this.#waiting.get(id);
      this.#waiting.delete(id);
      if (failed === undefined) waiting?.resolve();
      else waiting?.reject(Object.assign(new Error(failed), { code: failed }));
    });
    worker.on('error', (error) => this.#fail(worker, error));
    worker.on('exit', () =>
      this.#fail(worker, new TransportError('the thread of the black holes ended')),
    );
    return this.#answer(0);
  }

  #fail(worker: Worker, error: Error): void {
    if (worker === this.#worker) this.#worker = this.#ready = undefined;
    for (const { reject } of this.#waiting.values()) reject(error);
    this.#waiting.clear();
  }

  async #order(kind: Order['kind'], address: string, port: number): Promise<void> {
    const worker = this.#worker;
    if (!worker) throw new TransportError('the thread of the black holes ended');
    const order: Order = { id: ++this.#lastId, kind, address, port };
    const answer = this.#answer(order.id);
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread, not a window
    worker.postMessage(order);
    Atomics.add(this.#bell, 0, 1);
    Atomics.notify(this.#bell, 0);
    await answer;
  }

  #answer(id: number): Promise<void> {
    return new Promise((resolve, reject) => this.#waiting.set(id, { resolve, reject }));
  }
}

/** Makes one attempt of our own, keeps it, and tells whether it was answered. */
function answered(host: string, port: number, witnesses: Socket[]): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const witness = connect({ host, port });
    witnesses.push(witness);
    witness.once('connect', () => resolve(true));
    witness.on('error', reject);
    // Sockets are polled after timers: in the turn of a timer that came late, an answer may still lie unread.
    setTimeout(() => setImmediate(() => resolve(false)), SETTLE_MS);
  });
}
