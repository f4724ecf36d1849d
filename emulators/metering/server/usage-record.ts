// An offline log is JSON Lines: one usage record a line, UTF-8.
import { isUtf8 } from 'node:buffer';
import type { UsageNote } from '../../emulator.ts';

/** One run of one program, as the client wrote it. `start` and `stop` are UTC: `1999-03-01T08:00:00.000Z`. */
export interface UsageRecord {
  readonly id: string;
  readonly client: string;
  readonly user: string;
  readonly workstation: string;
  readonly program: string;
  readonly originalName: string;
  readonly version: string;
  readonly start: string;
  readonly stop: string;
}

export interface ParsedLog {
  /** The records before the first wrong line. */
  readonly records: readonly UsageRecord[];
  /** What is wrong, with the line; absent for a good log. */
  readonly error?: string;
}

const MAX_RECORDS_PER_LOG = 10_000;

export interface RecordField {
  readonly minBytes: number;
  readonly maxBytes: number;
  readonly about: string;
}

/** Fields of a record in the order of the document, with their bounds in bytes of UTF-8. */
export const RECORD_FIELDS = {
  id: { minBytes: 1, maxBytes: 128, about: 'names the record, for good' },
  client: { minBytes: 1, maxBytes: 256, about: 'the client, as in `hello`' },
  user: { minBytes: 0, maxBytes: 256, about: 'account that ran the program' },
  workstation: { minBytes: 0, maxBytes: 256, about: 'name of the computer' },
  program: { minBytes: 1, maxBytes: 256, about: 'file name of the program as it was started' },
  originalName: { minBytes: 0, maxBytes: 256, about: 'original file name, empty if not known' },
  version: { minBytes: 0, maxBytes: 16_384, about: 'version of the program, empty if not known' },
  start: { minBytes: 24, maxBytes: 24, about: 'when it was started' },
  stop: { minBytes: 24, maxBytes: 24, about: 'when it ended' },
} as const satisfies Readonly<Record<keyof UsageRecord, RecordField>>;

const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;

/** Reads a log whole. Lines end in LF; the last may do without. An empty log is wrong. */
export function parseLog(bytes: Buffer): ParsedLog {
  if (!isUtf8(bytes)) return { records: [], error: 'the log is not UTF-8' };
  const lines = bytes.toString('utf8').split('\n');
  if (lines.at(-1) === '') lines.pop();
  if (lines.length === 0) return { records: [], error: 'the log has no record' };
  if (lines.length > MAX_RECORDS_PER_LOG)
    return { records: [], error: `the log has more than ${MAX_RECORDS_PER_LOG} records` };

  const records: UsageRecord[] = [];
  const ids = new Set<string>();
  for (const [index, line] of lines.entries()) {
    const record = parseRecord(line);
    if (typeof record === 'string') return { records, error: `line ${index + 1}: ${record}` };
    if (ids.has(record.id))
      return { records, error: `line ${index + 1}: id ${record.id} stands twice in this log` };
    ids.add(record.id);
    records.push(record);
  }
  return { records };
}

/** Returns what is wrong as text. Members that are not in the table are ignored. */
function parseRecord(line: string): UsageRecord | string {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return 'not JSON';
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return 'not an object';
  const record: Record<string, string> = {};
  for (const [name, { minBytes, maxBytes }] of Object.entries(RECORD_FIELDS)) {
    const text: unknown = Object.getOwnPropertyDescriptor(value, name)?.value;
    if (typeof text !== 'string') return `${name} is not a string`;
    const length = Buffer.byteLength(text);
    if (length < minBytes || length > maxBytes)
      return `${name} takes ${length} bytes, not ${minBytes} to ${maxBytes}`;
    if ((name === 'start' || name === 'stop') && !isTime(text))
      return `${name} is not like 1999-03-01T08:00:00.000Z`;
    record[name] = text;
  }
  return record as unknown as UsageRecord;
}

function isTime(text: string): boolean {
  // The way back shows dates that do not exist, such as 30 February.
  const timeMs = TIME.test(text) ? Date.parse(text) : Number.NaN;
  return !Number.isNaN(timeMs) && new Date(timeMs).toISOString() === text;
}

export function toUsageNote({ id, program, start, stop }: UsageRecord): UsageNote {
  return { record: id, program, startMs: Date.parse(start), stopMs: Date.parse(stop) };
}
