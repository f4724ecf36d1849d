import type { MessageOf } from '../codec/index.ts';
import type { LicenseServer } from '../server/license-server.ts';
import { busy, type Hello, type Reply } from './reply.ts';

export function liveStatus(
  server: LicenseServer,
  { client }: Hello,
  message: MessageOf<'live-status'>,
): Reply {
  const fault = server.fault('pipe', ['busy']);
  if (fault) return busy(fault);
  const leases = server.renew(client, message.leases);
  return {
    notes: [{ event: 'lease-renew', fields: { leases: leases.length } }],
    answers: [{ type: 'live-ack', leases }],
  };
}
