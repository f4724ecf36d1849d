import { quote, Refusal } from '../errors.ts';
import { suggest } from '../nearest.ts';
import type { LedgerClaim, LedgerColumn } from '../plan.ts';
import { readCount } from './duration.ts';
import { type Line, partOf } from './line.ts';

/** The columns of the ledger that a case may claim, and what each counts. */
export const LEDGER_COLUMNS: Readonly<Record<LedgerColumn, string>> = {
  delivered: 'records that a server has accepted, each counted once',
  redelivered:
    'records that servers have accepted more than once: legal after a lost acknowledgement',
  'acknowledged-twice': 'records sent again although their acknowledgement had arrived',
  refused: 'records that a server has refused for good, and taken others of the same log or none',
  dropped: 'records that the client dropped and counted',
  'may-be-lost': 'runs whose stop the client had not yet confirmed when it was killed',
  lost: 'records that were owed and never came',
};

const columns = Object.keys(LEDGER_COLUMNS);
const RIGHT = 'a claim is COLUMN=n, such as delivered=1 lost=0';

/** `delivered=1 lost=0`, on one line or on several; at least one line is given. */
export function readLedger(lines: readonly Line[]): LedgerClaim {
  const counts: Partial<Record<LedgerColumn, number>> = {};
  for (const token of lines.flatMap((line) => line.tokens)) {
    const equals = token.text.indexOf('=');
    const column = partOf(token, 0, Math.max(equals, 0));
    if (equals < 0) throw new Refusal(token.position, `${quote(token.text)} is not a claim`, RIGHT);
    if (!isColumn(column.text))
      throw new Refusal(
        column.position,
        `the ledger has no column ${quote(column.text)}`,
        suggest(column.text, columns, 'columns'),
      );
    if (counts[column.text] !== undefined)
      throw new Refusal(column.position, `${quote(column.text)} is given twice`, 'give it once');
    counts[column.text] = readCount(partOf(token, equals + 1), 0, RIGHT);
  }
  return { counts, position: lines[0]!.position, text: lines.map((line) => line.text).join(' ') };
}

function isColumn(text: string): text is LedgerColumn {
  return columns.includes(text);
}
