import { encode, PROTOCOL_VERSION, type ServerMessage } from '../codec/index.ts';
import type { Malformed } from '../faults.ts';

/** The frame that leaves in place of an answer: no client may take it for that answer. */
export function malformed(fault: Malformed, answer: ServerMessage, requestId: number): Buffer {
  if (fault === 'unexpected') return encode(otherThan(answer), requestId);
  const frame = encode(answer, requestId);
  if (fault === 'wrong-version') frame.writeUInt8(PROTOCOL_VERSION + 1, 4);
  // The largest there is: a client that believes it waits, or asks its system for 4 GB.
  else frame.writeUInt32BE(0xffff_ffff, 0);
  return frame;
}

/** A message that is well formed, and answers another question. */
function otherThan(answer: ServerMessage): ServerMessage {
  return answer.type === 'released'
    ? { type: 'live-ack', leases: [] }
    : { type: 'released', lease: 'unexpected' };
}
