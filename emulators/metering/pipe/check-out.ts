import type { MessageOf } from '../codec/index.ts';
import { denialReason } from '../faults.ts';
import { MAX_CHECK_OUT_MS, type LicenseServer } from '../server/license-server.ts';
import { busy, type Hello, type Reply } from './reply.ts';

/** A licence for a computer that leaves the network (Help: it expires by itself). */
export function checkOut(
  server: LicenseServer,
  { client, user }: Hello,
  message: MessageOf<'check-out'>,
  address: string,
): Reply {
  const { program, originalName } = message;
  const fault = server.fault('pipe', ['busy', 'deny']);
  if (fault?.name === 'busy') return busy(fault);
  const durationMs = Math.min(message.durationMs, MAX_CHECK_OUT_MS);
  const answer = fault
    ? { why: denialReason(fault) }
    : server.checkOut({ client, user, program, originalName }, address, durationMs);
  if ('why' in answer) {
    const { why } = answer;
    return {
      notes: [{ event: 'lease-deny', fields: { program, why } }],
      answers: [{ type: 'denied', why }],
    };
  }
  const { lease } = answer.lease;
  return {
    notes: [{ event: 'lease-checkout', fields: { program, lease } }],
    answers: [{ type: 'checked-out', lease, durationMs }],
  };
}
