import type { FieldValue, Note, SessionDecoder } from '../../emulator.ts';
import { pathOf } from '../../http/answer.ts';
import { type Asked, HttpDecoder, retryAfter } from '../../http/http-decoder.ts';
import type { HeldBodies, HttpMessage } from '../../http/http-messages.ts';
import { parseLog, toUsageNote, type UsageRecord } from '../server/usage-record.ts';
import { routeOf } from '../share/share.ts';
import { LOG_NAME } from '../share/upload.ts';

type Fields = Record<string, FieldValue>;

/** Understands one connection to the share face. */
export function shareDecoder(heldBodies: HeldBodies): SessionDecoder {
  return new HttpDecoder(heldBodies, (method, target, { body }): Asked => {
    const path = pathOf(target) ?? '';
    const route = routeOf(path);
    if (route === undefined || route.method !== method) return { answered: misfit };
    if (route.method === 'PUT') return offered(path.slice(route.path.length), body);
    const event = route.path.endsWith('.CFG') ? 'configuration' : 'probe';
    return { event, answered: (status, answer) => fetched(event, status, answer) };
  });
}

function offered(log: string, body: Buffer | undefined): Asked {
  const { records } = parseLog(body ?? Buffer.alloc(0));
  const usage = records.map(toUsageNote);
  const [first] = records;
  const content: Fields = { log, records: records.length, ...(first && { record: first.id }) };
  return {
    event: 'upload-offer',
    notes: [{ event: 'upload-offer', fields: content, usage }],
    identity: first?.client,
    answered: (status, answer) => {
      if (status === 200 || status === 201)
        return [{ event: 'upload-accept', fields: { ...content, status }, usage }];
      if (status === 207) return partly(log, records, answer);
      const why = status === 400 && !LOG_NAME.test(log) ? 'bad-name' : REFUSALS[status];
      const fields = { log, status, why: why ?? 'unknown', ...retryAfter(answer) };
      return [...loginRefused(status), { event: 'upload-refuse', fields, usage }];
    },
  };
}

/** What the share of the protocol means by a status (docs/wire-protocol.md, section 7). */
const REFUSALS: Readonly<Record<number, string>> = {
  400: 'bad-record',
  401: 'login-refused',
  409: 'conflict',
  413: 'too-large',
  429: 'too-many-requests',
  503: 'unavailable',
  507: 'full',
};

function misfit(status: number): readonly Note[] {
  const why = status === 404 ? 'no-such-path' : status === 405 ? 'no-such-method' : undefined;
  return why === undefined ? [] : [{ event: 'protocol-error', fields: { why, status } }];
}

function fetched(event: string, status: number, answer: HttpMessage): readonly Note[] {
  const version =
    event === 'configuration' && status === 200
      ? /^Version=(\d{1,10})\r?$/m.exec(answer.body?.toString('latin1') ?? '')?.[1]
      : undefined;
  const fields = {
    ...(version !== undefined && { version: Number(version) }),
    status,
    ...retryAfter(answer),
  };
  return [{ event, fields }, ...loginRefused(status)];
}

function loginRefused(status: number): readonly Note[] {
  return status === 401 ? [{ event: 'login-refused' }] : [];
}

/** 207: what became of each record stands in the body; one that cannot be read says nothing. */
function partly(
  log: string,
  records: readonly UsageRecord[],
  { body }: HttpMessage,
): readonly Note[] {
  const answer = readPartial(body);
  if (!answer) return [{ event: 'malformed', fields: { why: 'unreadable' } }];
  const about = (event: string, ids: readonly string[], why?: string): readonly Note[] => {
    const named = new Set(ids);
    const usage = records.filter(({ id }) => named.has(id)).map(toUsageNote);
    if (usage.length === 0) return [];
    const record = usage[0]!.record;
    const fields = { log, records: usage.length, record, status: 207, ...(why && { why }) };
    return [{ event, fields, usage }];
  };
  return [
    ...about('upload-accept', answer.accepted),
    ...about('upload-refuse', answer.later, 'later'),
    ...about('upload-refuse', answer.refused, 'refused'),
  ];
}

type Partly = Readonly<Record<'accepted' | 'later' | 'refused', readonly string[]>>;

function readPartial(body: Buffer | undefined): Partly | undefined {
  try {
    const value = JSON.parse(body?.toString('utf8') ?? '') as Readonly<Record<string, unknown>>;
    const idsOf = (name: string): string[] =>
      (value[name] as readonly unknown[]).map((item) =>
        String(typeof item === 'string' ? item : (item as { readonly id: unknown }).id),
      );
    return { accepted: idsOf('accepted'), later: idsOf('later'), refused: idsOf('refused') };
  } catch {
    return undefined;
  }
}
