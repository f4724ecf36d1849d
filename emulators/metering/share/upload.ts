import type { FieldValue, Note } from '../../emulator.ts';
import { type HttpAnswer, MAX_BODY_BYTES } from '../../http/answer.ts';
import { parseLog, toUsageNote, type UsageRecord } from '../server/usage-record.ts';
import { maxLogBytes, nacked } from '../faults.ts';
import type { Nacked } from '../server/inbox.ts';
import type { LicenseServer } from '../server/license-server.ts';
import { answer, type Endpoint } from './endpoint.ts';
import { refusal } from './refusal.ts';

/** A log's name: letters, digits, dot, hyphen and underscore, at most 128, a letter or digit first. */
export const LOG_NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/;

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
    }: Partial<Omit<HttpAnswer, 'body'>> & {
      readonly fields?: Readonly<Record<string, number>>;
    } = {},
  ): HttpAnswer =>
    answer(
      status,
      text,
      [offer, ...notes, { event: 'upload-refuse', fields: { log, status, why, ...fields }, usage }],
      headers,
    );

  const refused = refusal(server);
  if (refused) return refuse(refused.status, refused.why, refused.body, refused);
  const small = server.fault('share', ['413']);
  const maxBytes = small ? Math.min(maxLogBytes(small), MAX_BODY_BYTES) : MAX_BODY_BYTES;
  if (body === undefined || body.length > maxBytes)
    return refuse(413, 'too-large', `a log has at most ${maxBytes} bytes\n`);
  if (!LOG_NAME.test(log)) return refuse(400, 'bad-name', 'the name of the log is not allowed\n');
  if (error !== undefined) return refuse(400, 'bad-record', `${error}\n`);

  if (server.fault('share', ['507'])) return refuse(507, 'full', 'the inbox is full\n');

  const stored = server.inbox.store(log, body, records, nackedBy(server, records));
  if (stored.kind === 'conflict')
    return refuse(409, 'conflict', 'another log with this name is stored\n');
  if (stored.kind === 'full') return refuse(507, 'full', 'the inbox is full\n');
  const { refused: no, later } = stored;
  if (no.length + later.length > 0) return partial(log, offer, records, { refused: no, later });
  const status = stored.kind === 'stored' ? 201 : 200;
  return answer(status, `records=${records.length} known=${stored.known}\n`, [
    offer,
    { event: 'upload-accept', fields: { ...content, status }, usage },
  ]);
};

function nackedBy(server: LicenseServer, records: readonly UsageRecord[]): Nacked {
  const fault = server.fault('share', ['nack']);
  const { ids, as } = fault ? nacked(fault, records) : { ids: new Set<string>(), as: 'later' };
  return { refused: as === 'refused' ? [...ids] : [], later: as === 'later' ? [...ids] : [] };
}

/** 207: some records are stored, others are not; the body names each of them once. */
function partial(
  log: string,
  offer: Note,
  records: readonly UsageRecord[],
  { refused, later }: Nacked,
): HttpAnswer {
  const left = new Set([...refused, ...later]);
  const about = (ids: ReadonlySet<string>, why?: string) => {
    const usage = records.filter(({ id }) => ids.has(id)).map(toUsageNote);
    const fields = {
      log,
      records: usage.length,
      record: usage[0]?.record ?? '',
      status: 207,
      ...(why !== undefined && { why }),
    };
    return { fields, usage };
  };
  const accepted = records.flatMap(({ id }) => (left.has(id) ? [] : id));
  const notes: Note[] = [offer];
  if (accepted.length > 0) notes.push({ event: 'upload-accept', ...about(new Set(accepted)) });
  if (later.length > 0) notes.push({ event: 'upload-refuse', ...about(new Set(later), 'later') });
  if (refused.length > 0)
    notes.push({ event: 'upload-refuse', ...about(new Set(refused), 'refused') });
  const reasons = refused.map((id) => ({ id, why: 'this record cannot be stored' }));
  const body = JSON.stringify({ accepted, later, refused: reasons });
  return answer(207, `${body}\n`, notes, { 'content-type': 'application/json' });
}
