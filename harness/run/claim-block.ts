// Runs in real time on one machine keep apart: each has a block of loopback addresses, or of ports, of its own.
import { once } from 'node:events';
import { createServer } from 'node:net';
import { HarnessError } from '../client/process.ts';

export const BLOCKS = 100;
/** On an address of the block at which no client finds a server. */
const CLAIM_PORT = 7_229;

let claimed: Promise<number> | undefined;

/** The block of this process, from 0 to 99: who listens at its first address has it, until the process ends. */
export function ownBlock(): Promise<number> {
  return (claimed ??= claimBlock(process.pid % BLOCKS));
}

/** The first free block from that one on. Throws a HarnessError when there is none. */
export async function claimBlock(first: number, port = CLAIM_PORT): Promise<number> {
  for (let step = 0; step < BLOCKS; step++) {
    const block = (first + step) % BLOCKS;
    const server = createServer((socket) => socket.destroy());
    server.listen({ host: `127.${100 + block}.0.1`, port });
    try {
      await once(server, 'listening');
      server.unref();
      return block;
    } catch (error) {
      // Where the addresses do not exist, the check before the first case says it better.
      if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') return block;
    }
  }
  throw new HarnessError(
    `${BLOCKS} runs in real or scaled time are going on on this machine: wait for one to end, or use --time virtual`,
  );
}
