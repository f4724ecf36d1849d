// Recorded answers of the share, used again for other requests of the same meaning.
import type { SeenRequest } from '../../emulator.ts';
import { MAX_BODY_BYTES, pathOf } from '../../http/answer.ts';
import { HttpMessages, type HttpMessage, type HttpSide } from '../../http/http-messages.ts';
import { parseLog, toUsageNote } from '../server/usage-record.ts';
import { routeOf } from '../share/share.ts';

const REQUESTS: HttpSide = {
  begins: /^[A-Z]{1,20} \S{1,900} HTTP\/1\.[01]$/,
  maxBodyBytes: MAX_BODY_BYTES,
  bodyOf: () => 'sized',
};
const MAX_SHOWN = 8;

export function shareRequests(): (bytes: Uint8Array) => readonly SeenRequest[] {
  const messages = new HttpMessages(REQUESTS, { bytes: 0 });
  return (bytes) => messages.push(bytes).map(seen);
}

function seen({ startLine, headers, body }: HttpMessage): SeenRequest {
  const [method = '', target = '', version] = startLine.split(' ');
  const path = pathOf(target) ?? '';
  const route = routeOf(path);
  const keepsOpen = /\bkeep-alive\b/i.test(headers.get('connection') ?? '');
  const closes = /\bclose\b/i.test(headers.get('connection') ?? '');
  const isLast = closes || (version === 'HTTP/1.0' && !keepsOpen);
  const last = isLast ? { isLast } : {};
  if (route?.method !== 'PUT' || method !== 'PUT')
    return { meaning: `${method} ${path}`, id: 0, own: [], ...last };
  const { records, error } = parseLog(body ?? Buffer.alloc(0));
  const programs = records.map(({ program }) => program);
  const content =
    body === undefined || error !== undefined
      ? 'of what is no log'
      : programs.length > MAX_SHOWN
        ? `${programs.slice(0, MAX_SHOWN).join(', ')} and ${programs.length - MAX_SHOWN} more`
        : programs.join(', ');
  return {
    meaning: `upload ${content}`,
    id: 0,
    own: [path.slice(route.path.length), ...records.map(({ id }) => id)],
    usage: records.map(toUsageNote),
    ...last,
  };
}

/**
 * Dates (`Date`, a `Retry-After` that is one) are moved with the clock; ids of records in the body are those of the request, and
 * `Content-Length` is what that makes it.
 */
export function readdressShare(
  answer: Buffer,
  { from, to, shiftMs }: { from: SeenRequest; to: SeenRequest; shiftMs: number },
): Buffer {
  const end = answer.indexOf('\r\n\r\n');
  const head = answer.toString('latin1', 0, Math.max(end, 0));
  if (end < 0 || !/^HTTP\/\d\.\d [1-5]\d\d/.test(head)) return answer;
  const before = answer.subarray(end + 4);
  const body = withIds(before, from, to);
  const longer = body.length - before.length;
  // A chunk says its length before the bytes.
  if (longer !== 0 && /^transfer-encoding:.*\bchunked\b/im.test(head)) return answer;
  const changed = head.replaceAll(
    /^(date|retry-after|content-length): *(.+)$/gim,
    (line, name: string, value: string) => {
      if (name.toLowerCase() === 'content-length')
        return longer === 0 || !/^\d+$/.test(value) ? line : `${name}: ${Number(value) + longer}`;
      const time = /^\d+$/.test(value) ? Number.NaN : Date.parse(value);
      return shiftMs === 0 || Number.isNaN(time)
        ? line
        : `${name}: ${new Date(time + shiftMs).toUTCString()}`;
    },
  );
  return Buffer.concat([Buffer.from(`${changed}\r\n\r\n`, 'latin1'), body]);
}

/** Only as they stand in JSON, quoted: an id may be part of another word. */
function withIds(body: Buffer, from: SeenRequest, to: SeenRequest): Buffer {
  const ids = new Map(from.own.map((id, index) => [JSON.stringify(id), to.own[index] ?? id]));
  const text = body.toString('utf8');
  const changed = text.replaceAll(/"(?:[^"\\]|\\.)*"/g, (quoted) => {
    const id = ids.get(quoted);
    return id === undefined ? quoted : JSON.stringify(id);
  });
  return changed === text ? body : Buffer.from(changed);
}
