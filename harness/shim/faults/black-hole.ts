import type { WireFaultMaker } from './fault.ts';

/** A SYN is not answered at all, as when the machine or the way to it is gone. */
export const blackHole: WireFaultMaker = () => ({ listening: 'black-hole', established: 'reset' });
