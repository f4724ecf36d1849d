import type { Nanos } from '../../clock/clock.ts';
import { collect, type Problem, quote, Refusal } from '../errors.ts';
import type { ExpectItem, ExpectLine, NeverLine, Window } from '../plan.ts';
import { readCount, readDuration } from './duration.ts';
import { type Line, LineReader, partOf, type Token } from './line.ts';
import { readPattern } from './pattern.ts';
import type { Scope } from './scope.ts';
import { LINE_NAME, readWindow } from './window.ts';

const A_WINDOW = 'a line begins with a window such as 4h..4h1m';
const EXPECT_END = 'after the fields come only {COUNT} and then every D ±T';

/** Reads the lines of `expect`; what is wrong is added to `problems`. */
export function readExpect(
  lines: readonly Line[],
  scope: Scope,
  problems: Problem[],
): readonly ExpectItem[] {
  const names = new Set<string>();
  const items: ExpectItem[] = [];
  for (const [index, group] of groupsOf(lines).entries()) {
    // A snapshot: the lines of one block have no order, so none may count from another.
    const above = [...names];
    const read = (line: Line): ExpectLine | undefined =>
      collect(problems, () => readExpectLine(line, scope, index === 0, above, names));
    if (group.header === undefined) {
      const item = read(group.lines[0]!);
      if (item) items.push(item);
    } else {
      collect(problems, () => checkBlock(group.header!, group.lines));
      const members = group.lines.filter((line) => !isHeader(line)).map(read);
      items.push({
        kind: 'any-order',
        lines: members.filter((line) => line !== undefined),
        position: group.header.position,
      });
    }
  }
  return items;
}

interface Group {
  /** The line `any order:`; absent for a line of its own. */
  readonly header?: Line;
  readonly lines: readonly Line[];
}

/** A block is `any order:` and the lines after it that are indented deeper. */
function groupsOf(lines: readonly Line[]): readonly Group[] {
  const groups: Group[] = [];
  for (let index = 0; index < lines.length;) {
    const line = lines[index++]!;
    if (!isHeader(line)) {
      groups.push({ lines: [line] });
      continue;
    }
    const members: Line[] = [];
    while (index < lines.length && lines[index]!.indent > line.indent)
      members.push(lines[index++]!);
    groups.push({ header: line, lines: members });
  }
  return groups;
}

function isHeader({ tokens }: Line): boolean {
  return tokens[0]!.text === 'any' && (tokens[1]?.text ?? 'order:').startsWith('order');
}

function checkBlock(header: Line, members: readonly Line[]): void {
  const reader = new LineReader(header);
  reader.next('any order:');
  const word = reader.next('a block begins with any order:');
  if (word.text !== 'order:')
    throw new Refusal(word.position, `${quote(word.text)} is not known`, 'write any order:');
  reader.done('the lines of the block follow, each on its own line');
  if (members.length === 0)
    throw new Refusal(
      header.position,
      'the block is empty',
      'indent its lines deeper than this one',
    );
  const nested = members.find(isHeader);
  if (nested)
    throw new Refusal(
      nested.position,
      'a block stands in a block',
      'write one block after the other',
    );
}

function readExpectLine(
  line: Line,
  scope: Scope,
  isFirst: boolean,
  above: readonly string[],
  names: Set<string>,
): ExpectLine {
  const reader = new LineReader(line);
  const name = readName(reader, names);
  const window = readWindow(reader.next(A_WINDOW), {
    toleranceNs: scope.toleranceNs,
    names: above,
    ...(isFirst && { noPrevious: '+DUR counts from the line before, and this line is the first' }),
  });
  const pattern = readPattern(reader, scope, { actorMayBeAbsent: false, variablesAllowed: true });
  const countToken = reader.peek();
  const count = readRange(reader);
  if (countToken && count?.max === 0)
    throw new Refusal(countToken.position, 'a line that expects nothing', 'write it under never');
  const every = readEvery(reader, scope.toleranceNs);
  reader.done(EXPECT_END);
  const { min, max } = count ?? { min: 1, max: 1 };
  return {
    kind: 'line',
    ...(name !== undefined && { name }),
    window,
    pattern,
    min,
    ...(max !== undefined && { max }),
    ...(every && { every }),
    position: line.position,
    text: line.text,
  };
}

function readName(reader: LineReader, names: Set<string>): string | undefined {
  const token = reader.peek();
  if (!token?.text.endsWith(':')) return undefined;
  reader.next('a name');
  const name = token.text.slice(0, -1);
  if (!LINE_NAME.test(name))
    throw new Refusal(
      token.position,
      `${quote(name)} is not a name for a line`,
      'a name is a letter and then letters, digits or _, because - begins a duration in @name-5m',
    );
  if (names.has(name))
    throw new Refusal(
      token.position,
      `two lines are named ${quote(name)}`,
      'give each its own name',
    );
  names.add(name);
  return name;
}

/** `{n}`, `{n..m}`, `{n..}`; undefined where the line has none. */
function readRange(reader: LineReader): { min: number; max?: number } | undefined {
  const token = reader.peek();
  if (!token?.text.startsWith('{')) return undefined;
  reader.next('a count');
  const right = 'a count is {n}, {n..m} or {n..}';
  if (!token.text.endsWith('}'))
    throw new Refusal(token.position, `${quote(token.text)} is not a count`, right);
  const inner = partOf(token, 1, token.text.length - 1);
  const dots = inner.text.indexOf('..');
  if (dots < 0) {
    const exactly = readCount(inner, 0, right);
    return { min: exactly, max: exactly };
  }
  const min = readCount(partOf(inner, 0, dots), 0, right);
  const most = partOf(inner, dots + 2);
  if (most.text === '') return { min };
  const max = readCount(most, 0, right);
  if (max < min)
    throw new Refusal(
      token.position,
      `${quote(token.text)} has its bounds the wrong way round`,
      right,
    );
  return { min, max };
}

/** `every D ±T`; the tolerance of the case where `±T` is left out. */
function readEvery(
  reader: LineReader,
  toleranceNs: Nanos,
): { gap: Nanos; tolerance: Nanos } | undefined {
  if (!reader.take('every')) return undefined;
  const gapToken = reader.next('every is followed by a duration such as 15m');
  const gap = readDuration(gapToken);
  if (gap === 0n)
    throw new Refusal(gapToken.position, 'the gap is zero', 'write a duration such as 15m');
  const token = reader.peek();
  if (!token) return { gap, tolerance: toleranceNs };
  reader.next('±T');
  const sign = ['±', '+-'].find((known) => token.text.startsWith(known));
  if (sign === undefined)
    throw new Refusal(
      token.position,
      `${quote(token.text)} is too much here`,
      'a tolerance is written ±1m, or +-1m on a keyboard without ±',
    );
  const tolerance = readDuration(partOf(token, sign.length));
  if (tolerance >= gap)
    throw new Refusal(token.position, 'the tolerance is as long as the gap', 'write a smaller one');
  return { gap, tolerance };
}

/** Reads the lines of `never`; their windows may count from the named ones of `expected`. */
export function readNever(
  lines: readonly Line[],
  scope: Scope,
  expected: readonly ExpectLine[],
  problems: Problem[],
): readonly NeverLine[] {
  const names = expected.flatMap(({ name }) => name ?? []);
  return lines
    .map((line) => collect(problems, () => readNeverLine(line, scope, names)))
    .filter((line) => line !== undefined);
}

function readNeverLine(line: Line, scope: Scope, names: readonly string[]): NeverLine {
  const reader = new LineReader(line);
  const written = readWindow(reader.next(A_WINDOW), {
    toleranceNs: scope.toleranceNs,
    names,
    noPrevious: 'a line of never has no line before it',
  });
  // Without a line before it, an empty bound is the beginning of the case.
  const window: Window = { from: { kind: 'time', at: 0n }, ...written };
  const pattern = readPattern(reader, scope, { actorMayBeAbsent: false, variablesAllowed: true });
  const min = readMinimum(reader);
  reader.done('after the fields comes only {n}: how many break the line');
  return { window, pattern, min, position: line.position, text: line.text };
}

function readMinimum(reader: LineReader): number {
  const token: Token | undefined = reader.peek();
  const count = readRange(reader);
  if (!token || !count) return 1;
  const bounded = count.max !== undefined && count.max !== count.min;
  if (count.min > 0 && !bounded) return count.min;
  throw new Refusal(
    token.position,
    `${quote(token.text)} says nothing here`,
    'in never {n} means that n such events break the line; default {1}',
  );
}
