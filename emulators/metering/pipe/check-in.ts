import type { MessageOf } from '../codec/index.ts';
import type { LicenseServer } from '../server/license-server.ts';
import { busy, type Hello, type Reply } from './reply.ts';

export function checkIn(
  server: LicenseServer,
  { client }: Hello,
  { lease }: MessageOf<'check-in'>,
): Reply {
  const fault = server.fault('pipe', ['busy']);
  if (fault) return busy(fault);
  // As with a release: the client may have missed the first answer, or the time is over.
  const released = server.release(client, lease);
  const fields = released ? { lease, program: released.program } : { lease };
  return {
    notes: [{ event: 'lease-checkin', fields: { ...fields, by: 'client' } }],
    answers: [{ type: 'checked-in', lease }],
  };
}
