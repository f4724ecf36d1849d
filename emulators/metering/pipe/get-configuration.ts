import type { LicenseServer } from '../server/license-server.ts';
import { busy, type Reply } from './reply.ts';

export function getConfiguration(server: LicenseServer): Reply {
  const fault = server.fault('pipe', ['busy']);
  if (fault) return busy(fault);
  const { version, text } = server.configuration;
  return {
    notes: [{ event: 'configuration', fields: { version } }],
    answer: { type: 'configuration', version, text },
  };
}
