import { answer, type Endpoint } from './endpoint.ts';
import { refusal } from './refusal.ts';

/** `GET /LicMtr/dbup.ini`: the field's clients asked whether this file can be opened (Q287626). */
export const probe: Endpoint = (server) => {
  const refused = refusal(server);
  if (refused) {
    const { status, body, headers, fields, notes } = refused;
    const said = { event: 'probe', fields: { status, ...fields } };
    return answer(status, body, [said, ...notes], headers);
  }
  return answer(200, '[LicMtr]\r\nDbUp=1\r\n', [{ event: 'probe', fields: { status: 200 } }]);
};
