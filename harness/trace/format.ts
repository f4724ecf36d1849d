import { formatDuration } from '../clock/duration.ts';
import type { FieldValue, TraceEvent } from './event.ts';

export interface FormatOptions {
  /** Prints `from=CLIENT`, for cases with several clients. */
  readonly from?: boolean;
}

/**
 * One event in the notation of cases, without a newline: `4h2ms  alpha.share  upload-offer  records=1`.
 * Can be pasted as an expected line. Raw bytes are printed as their number only.
 */
export function formatEvent(event: TraceEvent, options: FormatOptions = {}): string {
  return columnsOf(event, options)
    .filter((column) => column !== '')
    .join('  ');
}

/** Several events, a line each, with their columns below each other. */
export function formatEvents(
  events: readonly TraceEvent[],
  options: FormatOptions = {},
): readonly string[] {
  const rows = events.map((event) => columnsOf(event, options));
  const widths = [0, 1, 2].map((column) => Math.max(0, ...rows.map((row) => row[column]!.length)));
  return rows.map((row) =>
    row
      .map((text, column) => text.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  );
}

/** `alpha.share`, `ws1`, `harness` */
export function formatActor({ actor, face }: Pick<TraceEvent, 'actor' | 'face'>): string {
  return face === undefined ? actor : `${actor}.${face}`;
}

/** A value as cases write it: bare where that reads back as the same text, else quoted as in JSON. */
export function formatValue(value: FieldValue): string {
  if (typeof value !== 'string') return String(value);
  return BARE.test(value) && !changesAsNumber(value) ? value : quoted(value);
}

/** Letters, digits and signs that mean nothing in the notation; `$x` and `*` would be read as something else. */
const BARE = /^(?!\*$)(?!\$)[\p{L}\p{N}$*%&()+,\-./:;<>?@[\]^_{|}~!#]+$/u;
const FIELD_NAME = /^[a-z][a-z0-9-]*$/;

function columnsOf(event: TraceEvent, options: FormatOptions): readonly string[] {
  return [
    formatDuration(event.at),
    formatActor(event),
    event.event,
    RAW.has(event.event) ? rawOf(event) : fieldsOf(event, options),
  ];
}

const RAW: ReadonlySet<string> = new Set(['received', 'sent']);

function rawOf({ fields, bytes }: TraceEvent): string {
  const length = fields['length'] ?? Buffer.byteLength(bytes ?? '', 'base64');
  return `${length} bytes${fields['tls'] === 'own' ? ' of TLS alone' : ''}`;
}

function fieldsOf(event: TraceEvent, { from = false }: FormatOptions): string {
  const fields = Object.entries(event.fields).map(
    ([name, value]) => `${FIELD_NAME.test(name) ? name : quoted(name)}=${formatValue(value)}`,
  );
  if (from && event.from !== undefined) fields.push(`from=${event.from}`);
  return fields.join(' ');
}

/** `007` and `1.50` would be read as the numbers 7 and 1.5. */
function changesAsNumber(text: string): boolean {
  return text.trim() !== '' && Number.isFinite(Number(text)) && String(Number(text)) !== text;
}

/** As in JSON; what a terminal might obey, or show in another order, is escaped as well. */
function quoted(text: string): string {
  return JSON.stringify(text).replaceAll(/[\p{Cc}\p{Cf}\u2028\u2029]/gu, (char) =>
    [...Array(char.length).keys()].map((unit) => escaped(char.charCodeAt(unit))).join(''),
  );
}

function escaped(unit: number): string {
  return `\\u${unit.toString(16).padStart(4, '0')}`;
}
