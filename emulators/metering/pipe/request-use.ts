import type { MessageOf } from '../codec/index.ts';
import { denialReason } from '../faults.ts';
import type { LicenseServer } from '../server/license-server.ts';
import { busy, type Hello, type Reply } from './reply.ts';

export function requestUse(
  server: LicenseServer,
  { client, user }: Hello,
  { program, originalName }: MessageOf<'request-use'>,
): Reply {
  const asked = { event: 'lease-request', fields: { program } };
  const fault = server.fault('pipe', ['busy', 'deny']);
  if (fault?.name === 'busy') return busy(fault, [asked]);
  const answer = fault
    ? { why: denialReason(fault) }
    : server.request({ client, user, program, originalName });
  if ('why' in answer) {
    const { why } = answer;
    return {
      notes: [asked, { event: 'lease-deny', fields: { program, why } }],
      answers: [{ type: 'denied', why }],
    };
  }
  const { lease } = answer.lease;
  return {
    notes: [asked, { event: 'lease-grant', fields: { program, lease } }],
    answers: [{ type: 'granted', lease }],
  };
}
