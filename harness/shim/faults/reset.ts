import type { WireFaultMaker } from './fault.ts';

/** Every new connection is accepted and reset at once. */
export const reset: WireFaultMaker = () => ({
  established: 'reset',
  connection: () => ({ accepted: () => 'reset' }),
});
