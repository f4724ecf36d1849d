// Whether one client met the same events in the same order in two runs of the same cases, whatever clock they ran on.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

interface Line {
  readonly actor?: string;
  readonly face?: string;
  readonly event?: string;
}

/**
 * What servers saw, in order, and what the client said and how it ended, in order: two rows, for they come by two ways (socket and
 * pipe), and on real time nobody promises which of two things of the same moment arrives first.
 */
function orderOf(file: string): readonly string[] {
  const lines = readFileSync(file, 'utf8').trimEnd().split('\n').slice(1);
  const events = lines.map((line) => JSON.parse(line) as Line).filter(({ event }) => event);
  const name = ({ actor, face, event }: Line): string =>
    `${actor}${face ? `.${face}` : ''} ${event}`;
  const isOfProcess = ({ event }: Line): boolean => event === 'said' || event === 'exit';
  return [...events.filter((line) => !isOfProcess(line)), ...events.filter(isOfProcess)].map(name);
}

/** Where the order of `id` differs between the runs that wrote their traces into folders `a` and `b`; absent: it does not. */
export function orderDifference(a: string, b: string, id: string): string | undefined {
  const [was, is] = [a, b].map((folder) => orderOf(join(folder, `${id}.jsonl`)));
  const at = is!.findIndex((event, index) => event !== was![index]);
  if (at === -1 && was!.length === is!.length) return undefined;
  const index = at === -1 ? is!.length : at;
  return `event ${index + 1} of ${was!.length}: ${is![index] ?? 'the end'} instead of ${was![index] ?? 'the end'}`;
}
