import type { SessionDecoder, SessionDecoders } from '../../emulator.ts';
import { PipeDecoder, type KnownLeases } from './pipe-decoder.ts';
import { ShareDecoder } from './share-decoder.ts';

/** Decoders for the connections of one capture. */
export function meteringDecoders(): SessionDecoders {
  const leases: KnownLeases = new Map();
  return (server, face): SessionDecoder =>
    face === 'share' ? new ShareDecoder() : new PipeDecoder(server, leases);
}
