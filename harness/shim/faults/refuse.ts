import type { WireFaultMaker } from './fault.ts';

/** Nobody listens: a connection attempt is answered with an RST. */
export const refuse: WireFaultMaker = () => ({ listening: 'refuse', established: 'reset' });
