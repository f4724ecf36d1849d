import { NO_BUGS, type Bugs } from './bugs.ts';
import type { Refusal } from './share-client.ts';
import type { Spool } from './spool.ts';

/**
 * What becomes of a log that a server has not taken as a whole, where something of it can still be delivered: a part of
 * it was stored (207), or it is too large (413). Returns the logs that are to be offered now in its place; undefined
 * where it is to be set aside as it is.
 */
export function settle(
  spool: Pick<Spool, 'read' | 'replace'>,
  log: string,
  { status, partial }: Refusal,
  bugs: Bugs = NO_BUGS,
): readonly string[] | undefined {
  const lines = spool
    .read(log)
    .toString('utf8')
    .split('\n')
    .filter((line) => line !== '');
  if (partial) {
    const settled = new Set([...partial.accepted, ...partial.refused]);
    const refused = new Set(partial.refused);
    const resends = bugs.has('refused-part-sent-again');
    const rest = lines.filter((line) =>
      resends ? !partial.accepted.includes(idOf(line)) : !settled.has(idOf(line)),
    );
    const aside = lines.filter((line) => refused.has(idOf(line)));
    spool.replace(log, rest.length > 0 ? [rest] : [], aside);
    // What is to come later is not pressed upon the server now.
    return [];
  }
  if (status !== 413 || lines.length < 2) return undefined;
  const half = Math.ceil(lines.length / 2);
  return spool.replace(log, [lines.slice(0, half), lines.slice(half)], []);
}

function idOf(line: string): string {
  return String((JSON.parse(line) as { id?: unknown }).id);
}
