import { uniformInt } from 'pure-rand/distribution/uniformInt';
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';
import type { WireFaultMaker } from './fault.ts';

/** Without `at`, one byte in each stretch of that many is struck. */
const STRETCH_BYTES = 32;

/**
 * One bit is flipped: in the byte number `at` (from 1) that leaves the server on a connection; without `at`, in one byte
 * of every 32. Which bit, and which byte of the 32, is drawn from the seed of the connection.
 */
export const garbage: WireFaultMaker = ({ at }) => {
  const only = at === undefined ? undefined : Number(at);
  if (only !== undefined && (!Number.isSafeInteger(only) || only < 1))
    throw new RangeError(`garbage: "${at}" is not the number of a byte`);
  return {
    connection(seed) {
      const random = xoroshiro128plus(seed);
      let sent = 0;
      let next = only ?? uniformInt(random, 1, STRETCH_BYTES);
      return {
        sending(chunk) {
          const bytes = Buffer.from(chunk);
          let garbled = 0;
          while (next > sent && next <= sent + bytes.length) {
            bytes[next - sent - 1]! ^= 1 << uniformInt(random, 0, 7);
            garbled++;
            next =
              only === undefined
                ? Math.ceil(next / STRETCH_BYTES) * STRETCH_BYTES +
                  uniformInt(random, 1, STRETCH_BYTES)
                : 0;
          }
          sent += bytes.length;
          return [{ bytes, ...(garbled > 0 && { garbled }) }];
        },
      };
    },
  };
};
