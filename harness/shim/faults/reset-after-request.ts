import type { WireFaultMaker } from './fault.ts';

/** The server reads a whole request and dies of it: an RST, and nothing of the request is done. */
export const resetAfterRequest: WireFaultMaker = () => ({
  connection: () => ({ request: () => 'reset' }),
});
