import { parseDuration } from '../../clock/duration.ts';
import type { WireFaultMaker } from './fault.ts';

/** Everything that the server sends leaves `latency` later. */
export const slow: WireFaultMaker = ({ latency }) => {
  const delayNs = parseDuration(latency ?? '');
  if (delayNs === undefined) throw new RangeError(`slow: "${latency}" is not a duration`);
  return { connection: () => ({ sending: (bytes) => ({ bytes, delayNs }) }) };
};
