import { ACCEPTANCES } from '../../trace/vocabulary.ts';
import type { WireFaultMaker } from './fault.ts';

/** The server does what it was asked to, but its answer never leaves, nor does anything after it. */
export const lostAck: WireFaultMaker = () => ({
  connection: () => ({
    noted: (event) => (ACCEPTANCES.has(event) ? 'silence' : undefined),
  }),
});
