import type { FieldValue, Note } from '../../emulator.ts';
import { parseLog, toUsageNote } from '../server/usage-record.ts';
import { answer, type Endpoint, type ShareAnswer } from './endpoint.ts';
import { refusal } from './refusal.ts';

/** A log's name: letters, digits, dot, hyphen and underscore, at most 128, a letter or digit first. */
const LOG_NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/;

/** `PUT /LicMtr/Inboxes/Offline/<log>`: takes a whole log or nothing of it. */
export const upload: Endpoint = (server, { body }, log) => {
  const { records, error } = parseLog(body ?? Buffer.alloc(0));
  const usage = records.map(toUsageNote);
  const [first] = records;
  const content: Record<string, FieldValue> = { log, records: records.length };
  if (first) content['record'] = first.id;
  const offer: Note = { event: 'upload-offer', fields: content, usage };

  const refuse = (
    status: number,
    why: string,
    text: string,
    {
      notes = [],
      headers = {},
      fields = {},
    }: Partial<Omit<ShareAnswer, 'body'>> & {
      readonly fields?: Readonly<Record<string, number>>;
    } = {},
  ): ShareAnswer =>
    answer(
      status,
      text,
      [offer, ...notes, { event: 'upload-refuse', fields: { log, status, why, ...fields }, usage }],
      headers,
    );

  const refused = refusal(server);
  if (refused) return refuse(refused.status, refused.why, refused.body, refused);
  if (body === undefined) return refuse(413, 'too-large', 'a log has at most 1048576 bytes\n');
  if (!LOG_NAME.test(log)) return refuse(400, 'bad-name', 'the name of the log is not allowed\n');
  if (error !== undefined) return refuse(400, 'bad-record', `${error}\n`);

  const stored = server.inbox.store(log, body, records);
  if (stored.kind === 'conflict')
    return refuse(409, 'conflict', 'another log with this name is stored\n');
  if (stored.kind === 'full') return refuse(507, 'full', 'the inbox is full\n');
  const status = stored.kind === 'stored' ? 201 : 200;
  return answer(status, `records=${records.length} known=${stored.known}\n`, [
    offer,
    { event: 'upload-accept', fields: { ...content, status }, usage },
  ]);
};
