import type { WireFaultMaker } from './fault.ts';

/** The connection ends, with a FIN or an RST, once `bytes` bytes have left the server on it. */
export const cut: WireFaultMaker = ({ bytes, with: how }) => {
  const limit = Number(bytes);
  if (!Number.isSafeInteger(limit) || (how !== 'fin' && how !== 'rst'))
    throw new RangeError(`cut: "${bytes} ${how}" is not a number of bytes and fin or rst`);
  return {
    connection() {
      let left = limit;
      return {
        sending(chunk) {
          const part = chunk.subarray(0, left);
          left -= part.length;
          return [left === 0 ? { bytes: part, then: how } : { bytes: part }];
        },
      };
    },
  };
};
