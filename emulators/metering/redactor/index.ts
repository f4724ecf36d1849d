import type { RedactedPiece, SessionRedactor, StandIns } from '../../emulator.ts';
import { PipeSide } from './pipe-side.ts';
import { shareSides } from './share-side.ts';

/** Redactors for the connections of one capture. */
export function meteringRedactors(names: StandIns): (face: string) => SessionRedactor {
  return (face) => {
    const sides: { readonly client: RedactedSide; readonly server: RedactedSide } =
      face === 'share'
        ? shareSides(names)
        : { client: new PipeSide('client', names), server: new PipeSide('server', names) };
    return {
      client: (bytes) => sides.client.push(bytes),
      server: (bytes) => sides.server.push(bytes),
      end: (side) => sides[side].end(),
    };
  };
}

/** One direction of a connection. */
export interface RedactedSide {
  push(bytes: Uint8Array): readonly RedactedPiece[];
  end(): readonly RedactedPiece[];
}
