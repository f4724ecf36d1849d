import { SECOND, type Nanos } from '../../clock/clock.ts';
import { parseDuration } from '../../clock/duration.ts';
import type { Outgoing, WireFaultMaker } from './fault.ts';

/** However slow the line, one answer leaves in at most so many pieces. */
const MAX_PIECES = 1000;

/** Everything that the server sends leaves `latency` later, and no faster than `rate` bytes a second: once a second what fits. */
export const slow: WireFaultMaker = ({ latency, rate }) => {
  const delayNs = latency === undefined ? 0n : parseDuration(latency);
  if (delayNs === undefined) throw new RangeError(`slow: "${latency}" is not a duration`);
  const bytesASecond = rate === undefined ? undefined : Number(rate);
  if (bytesASecond !== undefined && (!Number.isSafeInteger(bytesASecond) || bytesASecond < 1))
    throw new RangeError(`slow: "${rate}" is not a number of bytes a second`);
  return {
    connection: () => ({
      sending: (bytes) =>
        bytesASecond === undefined
          ? [{ bytes, delayNs }]
          : trickle(bytes, bytesASecond).map((piece) => ({ ...piece, delayNs })),
    }),
  };
};

function trickle(bytes: Buffer, bytesASecond: number): readonly Outgoing[] {
  const pieceBytes = Math.max(bytesASecond, Math.ceil(bytes.length / MAX_PIECES));
  const pieces: Outgoing[] = [];
  for (let from = 0; from < bytes.length; from += pieceBytes) {
    const piece = bytes.subarray(from, from + pieceBytes);
    const takesNs: Nanos = (BigInt(piece.length) * SECOND) / BigInt(bytesASecond);
    pieces.push({ bytes: piece, takesNs });
  }
  return pieces;
}
