// The thread that holds black holes: it listens and never accepts, so that the system drops every SYN that finds the queue full.
//
// Its loop must never turn, or libuv would accept. So it does everything in the ticks and microtasks of its one first turn:
// orders are read synchronously, and between them it sleeps in `Atomics.wait`. The handles of its servers are closed by `close()`
// itself; only the callbacks of it wait for a turn that never comes.
/* oxlint-disable unicorn/require-post-message-target-origin -- a thread, not a window */
import { connect, createServer, type Server } from 'node:net';
import { once } from 'node:events';
import { parentPort, receiveMessageOnPort, workerData } from 'node:worker_threads';

export interface Order {
  readonly id: number;
  readonly kind: 'open' | 'close';
  readonly address: string;
  readonly port: number;
}

export interface Done {
  readonly id: number;
  /** The system's code, such as `EADDRINUSE`. */
  readonly failed?: string;
}

/** On Linux a backlog of 1 holds two connections. */
const BACKLOG = 1;
const FILLERS = 2;

const channel = parentPort!;
const bell = workerData as Int32Array<SharedArrayBuffer>;
const holes = new Map<string, () => void>();

channel.postMessage({ id: 0 } satisfies Done);
for (let rung = 0; ;) {
  Atomics.wait(bell, 0, rung);
  rung = Atomics.load(bell, 0);
  for (let order = next(); order; order = next()) channel.postMessage(await obey(order));
}

function next(): Order | undefined {
  return receiveMessageOnPort(channel)?.message;
}

async function obey({ id, kind, address, port }: Order): Promise<Done> {
  const key = `${address}:${port}`;
  if (kind === 'close') {
    holes.get(key)?.();
    holes.delete(key);
    return { id };
  }
  const server = createServer();
  try {
    server.listen({ host: address, port, backlog: BACKLOG });
    await once(server, 'listening');
  } catch (error) {
    return { id, failed: (error as NodeJS.ErrnoException).code ?? 'unknown' };
  }
  holes.set(key, fill(server, address, port));
  // The fillers connect in the next tick, and loopback completes the handshake within that call.
  await new Promise<void>((resolve) => process.nextTick(resolve));
  return { id };
}

/** Fills the queue with connections of our own; the result lifts the black hole. */
function fill(server: Server, host: string, port: number): () => void {
  const fillers = Array.from({ length: FILLERS }, () => connect({ host, port }));
  for (const filler of fillers) filler.on('error', () => {});
  return () => {
    for (const filler of fillers) filler.destroy();
    server.close();
  };
}
