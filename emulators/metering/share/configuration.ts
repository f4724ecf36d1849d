import { answer, type Endpoint } from './endpoint.ts';
import { refusal } from './refusal.ts';

/** `GET /LicMtr/LICMTR.CFG`. */
export const configuration: Endpoint = (server) => {
  const refused = refusal(server);
  if (refused) {
    const { status, body, headers, fields, notes } = refused;
    const said = { event: 'configuration', fields: { status, ...fields } };
    return answer(status, body, [said, ...notes], headers);
  }
  const version = server.configurationVersion;
  return answer(200, server.configurationText, [
    { event: 'configuration', fields: { version, status: 200 } },
  ]);
};
