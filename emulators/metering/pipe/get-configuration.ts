import { MESSAGES } from '../codec/index.ts';
import type { LicenseServer } from '../server/license-server.ts';
import { busy, type Reply } from './reply.ts';

const MAX_TEXT_BYTES = MESSAGES.configuration.fields[1].maxBytes;
const MAX_PART_BYTES = MESSAGES['configuration-part'].fields[3].maxBytes;

export function getConfiguration(server: LicenseServer): Reply {
  const fault = server.fault('pipe', ['busy']);
  if (fault) return busy(fault);
  const version = server.configurationVersion;
  const text = server.configurationText;
  const notes = [{ event: 'configuration', fields: { version } }];
  if (Buffer.byteLength(text) <= MAX_TEXT_BYTES)
    return { notes, answers: [{ type: 'configuration', version, text }] };
  const texts = partsOf(text);
  const answers = texts.map((part, index) => ({
    type: 'configuration-part' as const,
    version,
    part: index + 1,
    parts: texts.length,
    text: part,
  }));
  return { notes, answers };
}

/** Cut between two characters. */
function partsOf(text: string): string[] {
  const bytes = Buffer.from(text);
  const parts: string[] = [];
  for (let from = 0; from < bytes.length;) {
    let to = Math.min(from + MAX_PART_BYTES, bytes.length);
    while (to < bytes.length && (bytes[to]! & 0xc0) === 0x80) to--;
    parts.push(bytes.toString('utf8', from, to));
    from = to;
  }
  return parts;
}
