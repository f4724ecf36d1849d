import type { LicenseServer } from '../server/license-server.ts';
import type { Hello, Reply } from './reply.ts';

export function hello(server: LicenseServer, { mode }: Hello): Reply {
  const said = { event: 'hello', fields: { mode } };
  if (server.fault('pipe', ['login-refused']))
    return {
      notes: [said, { event: 'login-refused' }],
      answers: [{ type: 'login-refused', reason: 'the account is not allowed to log on' }],
      end: true,
    };
  return {
    notes: [said],
    answers: [
      {
        type: 'welcome',
        serverTimeMs: server.wallMs(),
        configurationVersion: server.configurationVersion,
      },
    ],
  };
}
