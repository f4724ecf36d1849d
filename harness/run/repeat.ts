import { formatTrace } from '../trace/file.ts';
import type { Played } from './run-case.ts';
import { withoutTlsBytes } from './tls-bytes.ts';

/** As much of a line as a message shows. */
const SHOWN_CHARACTERS = 240;

export interface RepeatOptions {
  readonly times: number;
  /** Repeats at the same time. */
  readonly lanes: number;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Plays one case again and again and compares the traces, byte by byte. Gives the first play, with an error where another one
 * differs from it, or the remark that only what stands inside TLS did.
 */
export async function repeat(
  play: () => Promise<Played>,
  { times, lanes, signal }: RepeatOptions,
): Promise<Played> {
  const first = await play();
  const expected = formatTrace(first.trace);
  const remark: { differsInTls?: true } = {};
  let error = first.error;
  let started = 1;
  const lane = async () => {
    while (error === undefined && started < times && !signal?.aborted) {
      const number = ++started;
      const again = await play();
      error ??= again.error;
      if (error !== undefined || formatTrace(again.trace) === expected) continue;
      const [one, other] = [first, again].map(({ trace }) => formatTrace(withoutTlsBytes(trace)));
      error = difference(one!, other!, number);
      if (error === undefined) remark.differsInTls = true;
    }
  };
  await Promise.all(Array.from({ length: lanes }, lane));
  return error === undefined ? { ...first, ...remark } : { ...first, error };
}

/** Where two traces part, in words; undefined: nowhere. `number` is the repeat of the second, from 2. */
export function difference(first: string, second: string, number: number): string | undefined {
  if (first === second) return undefined;
  const [expected, actual] = [first.split('\n'), second.split('\n')];
  const index = expected.findIndex((line, at) => line !== actual[at]);
  const at = index < 0 ? expected.length : index;
  return (
    `not deterministic: repeat ${number} differs from the first at line ${at + 1} of the trace\n` +
    `  first   ${shown(expected[at])}\n` +
    `  repeat  ${shown(actual[at])}`
  );
}

function shown(line: string | undefined): string {
  if (line === undefined || line === '') return '(the trace ends here)';
  return line.length > SHOWN_CHARACTERS ? `${line.slice(0, SHOWN_CHARACTERS)}…` : line;
}
