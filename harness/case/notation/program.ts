import { quote, Refusal } from '../errors.ts';
import { suggest } from '../nearest.ts';
import type { Action } from '../plan.ts';
import { readDuration } from './duration.ts';
import { type LineReader, partOf, type Token } from './line.ts';

/** What a usage record can carry; a case writes a long version as TEXT*N. */
const MAX_VERSION_BYTES = 16_384;

/** `P [as ORIGINAL] [version=TEXT[*N]] for D` */
export function readRun(
  reader: LineReader,
): Omit<Extract<Action, { kind: 'run' }>, 'kind' | 'client'> {
  const usage = 'write run PROGRAM for D, such as run notepad.exe for 5m';
  const program = readProgram(reader, usage);
  const originalName = reader.take('as') && readProgram(reader, `${usage}, or run P as Q for D`);
  const version = readVersion(reader);
  return {
    program,
    ...(originalName !== undefined && { originalName }),
    ...(version !== undefined && { version }),
    duration: readFor(reader, usage),
  };
}

/** `P for D` */
export function readCheckOut(reader: LineReader): { program: string; duration: bigint } {
  const usage = 'write check-out PROGRAM for D, such as check-out word.exe for 3d';
  return { program: readProgram(reader, usage), duration: readFor(reader, usage) };
}

export function readProgram(reader: LineReader, usage: string): string {
  const { text, position } = reader.next(usage);
  if (isProgram(text) && text !== 'for' && text !== 'as') return text;
  throw new Refusal(position, `${quote(text)} is not the name of a program`, usage);
}

export function isProgram(text: string): boolean {
  return /^[^\s"=/\\]{1,255}$/.test(text);
}

function readFor(reader: LineReader, usage: string): bigint {
  const word = reader.next(usage);
  if (word.text === 'for') return readDuration(reader.next(usage));
  throw new Refusal(word.position, `${quote(word.text)} is not known here`, usage);
}

function readVersion(reader: LineReader): string | undefined {
  const token = reader.peek();
  if (!token?.text.startsWith('version=')) return undefined;
  reader.next('a version');
  const value = partOf(token, 'version='.length);
  const [, text, times = '1'] = /^([^"*]+)(?:\*(\d{1,5}))?$/.exec(value.text) ?? [];
  if (text !== undefined && Buffer.byteLength(text) * Number(times) <= MAX_VERSION_BYTES)
    return text.repeat(Number(times));
  throw new Refusal(
    value.position,
    `${quote(value.text)} is not a version`,
    `write version=8.0, or version=8.*400 for 400 times "8."; at most ${MAX_VERSION_BYTES} bytes`,
  );
}

/** How far a clock is set: `+1d`, `-1d`. */
export function readShift(token: Token): bigint {
  const sign = token.text[0];
  const right = 'a clock is set forward by +1d, back by -1d';
  if (sign !== '+' && sign !== '-')
    throw new Refusal(token.position, `${quote(token.text)} has no sign`, right);
  const by = readDuration(partOf(token, 1), right);
  return sign === '-' ? -by : by;
}

export function readWord<W extends string>(reader: LineReader, words: readonly W[]): W {
  const token = reader.next(`one of ${words.join(', ')}`);
  const found = words.find((word) => word === token.text);
  if (found !== undefined) return found;
  throw new Refusal(
    token.position,
    `${quote(token.text)} is not known here`,
    suggest(token.text, words, 'words'),
  );
}
