import type { WireFaultMaker } from './fault.ts';

/**
 * The server is gone without a FIN, as when a cable is pulled or a machine loses its power: nothing answers any more, and
 * what was established is answered with an RST once the server is back and hears of it again (RFC 9293, section 3.5.1).
 */
export const halfOpen: WireFaultMaker = () => ({ listening: 'black-hole', established: 'vanish' });
