import type { WireFaultMaker } from './fault.ts';

/** The server accepts, reads, and never answers: nothing of what it reads is done. */
export const hang: WireFaultMaker = () => ({
  connection: () => ({
    received: () => 'swallow',
    // A server that speaks first is silent too.
    sending: () => [{ bytes: Buffer.alloc(0), then: 'silence' }],
  }),
});
