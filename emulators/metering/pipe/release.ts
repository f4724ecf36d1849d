import type { MessageOf } from '../codec/index.ts';
import type { LicenseServer } from '../server/license-server.ts';
import { busy, type Hello, type Reply } from './reply.ts';

export function release(
  server: LicenseServer,
  { client }: Hello,
  { lease }: MessageOf<'release'>,
): Reply {
  const fault = server.fault('pipe', ['busy']);
  if (fault) return busy(fault);
  // A lease that is not held is released all the same: the client may have missed the first answer.
  const released = server.release(client, lease);
  const fields = released ? { lease, program: released.program } : { lease };
  return {
    notes: [{ event: 'lease-release', fields }],
    answers: [{ type: 'released', lease }],
  };
}
