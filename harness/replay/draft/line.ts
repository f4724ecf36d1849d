// Lines of a case: words in columns, and what is said of them behind a #.
import type { TraceEvent } from '../../trace/event.ts';
import { TRANSPORT_EVENTS } from '../../trace/vocabulary.ts';

export interface Line {
  /** The last one is not aligned. */
  readonly columns: readonly string[];
  readonly comment?: string;
  readonly indented?: true;
}

const COMMENT_CHARS = 400;

/** With columns below each other, each line behind two blanks, with its newline. */
export function linesText(lines: readonly Line[]): string {
  const count = Math.max(0, ...lines.map(({ columns }) => columns.length));
  const widths = Array.from({ length: count }, (_, place) =>
    Math.max(
      0,
      ...lines
        .filter(({ columns }) => place < columns.length - 1)
        .map(({ columns, indented }) => columns[place]!.length + (indented && place === 0 ? 2 : 0)),
    ),
  );
  const rows = lines.map(({ columns, indented }) =>
    columns
      .map((word, place) => `${indented && place === 0 ? '  ' : ''}${word}`.padEnd(widths[place]!))
      .join('  ')
      .trimEnd(),
  );
  const width = Math.min(70, Math.max(0, ...rows.map((row) => row.length)));
  return rows
    .map((row, index) => {
      const { comment } = lines[index]!;
      return `  ${comment === undefined ? row : `${row.padEnd(width)}  # ${oneLine(comment)}`}\n`;
    })
    .join('');
}

/** Of what a capture says nothing may begin a line of its own, or end the comment. */
export function oneLine(text: string): string {
  const plain = text.replaceAll(/[\s\p{Cc}\p{Cf}]+/gu, ' ').trim();
  return plain.length > COMMENT_CHARS ? `${plain.slice(0, COMMENT_CHARS - 1)}…` : plain;
}

/** What a server understood or did, not what its socket saw. */
export function isMeaning({ event, face }: TraceEvent): boolean {
  return (
    face !== undefined &&
    !Object.hasOwn(TRANSPORT_EVENTS, event) &&
    event !== 'down' &&
    event !== 'up'
  );
}
