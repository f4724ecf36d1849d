import type { SessionDecoder, SessionDecoders } from '../../emulator.ts';
import { PipeDecoder, type KnownLeases } from './pipe-decoder.ts';
import { shareDecoder } from './share-decoder.ts';

/** Decoders for the connections of one capture. */
export function meteringDecoders(): SessionDecoders {
  const leases: KnownLeases = new Map();
  const heldBodies = { bytes: 0 };
  return (server, face): SessionDecoder =>
    face === 'share' ? shareDecoder(heldBodies) : new PipeDecoder(server, leases);
}
