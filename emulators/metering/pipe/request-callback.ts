import type { MessageOf } from '../codec/index.ts';
import type { LicenseServer } from '../server/license-server.ts';
import { busy, type Hello, type Reply } from './reply.ts';

/** A user who was denied asks to be called when a licence is free (Help). */
export function requestCallback(
  server: LicenseServer,
  { client, user }: Hello,
  { program, originalName }: MessageOf<'request-callback'>,
): Reply {
  const fault = server.fault('pipe', ['busy']);
  if (fault) return busy(fault);
  const asked = { event: 'callback-request', fields: { program } };
  const kept = server.requestCallback({ client, user, program, originalName });
  if (typeof kept === 'string')
    return {
      notes: [asked, { event: 'lease-deny', fields: { program, why: kept } }],
      answers: [{ type: 'denied', why: kept }],
    };
  return { notes: [asked], answers: [{ type: 'callback-registered', durationMs: kept }] };
}
