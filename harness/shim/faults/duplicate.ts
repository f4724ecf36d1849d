import type { WireFaultMaker } from './fault.ts';

/** Every answer leaves twice, the second right behind the first. */
export const duplicate: WireFaultMaker = () => ({
  connection: () => ({ sending: (bytes) => [{ bytes: Buffer.concat([bytes, bytes]) }] }),
});
