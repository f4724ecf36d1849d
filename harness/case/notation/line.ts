import type { Position } from '../plan.ts';
import { quote, Refusal } from '../errors.ts';

export interface Token {
  readonly text: string;
  readonly position: Position;
}

/** One line of notation, cut into words. */
export interface Line {
  readonly tokens: readonly Token[];
  /** Blanks before the first word. */
  readonly indent: number;
  readonly position: Position;
  /** Without surrounding blanks and without its comment. */
  readonly text: string;
}

/**
 * Cuts one line of a file into words. `start` is where `text` stands; a word ends at a blank outside double quotes.
 * A word that is `#` alone begins a comment. The result is undefined for a line without words.
 */
export function readLine(text: string, start: Position): Line | undefined {
  const tokens: Token[] = [];
  let index = 0;
  let end = 0;
  while (index < text.length) {
    if (isBlank(text[index]!)) {
      index++;
      continue;
    }
    const begin = index;
    index = endOfWord(text, begin, start);
    const word = text.slice(begin, index);
    if (word === '#') break;
    tokens.push({ text: word, position: { ...start, column: start.column + begin } });
    end = index;
  }
  const first = tokens[0];
  if (!first) return undefined;
  const indent = first.position.column - start.column;
  return { tokens, indent, position: first.position, text: text.slice(indent, end) };
}

function endOfWord(text: string, begin: number, start: Position): number {
  let index = begin;
  let quoteAt: number | undefined;
  for (; index < text.length; index++) {
    const char = text[index]!;
    if (quoteAt !== undefined && char === '\\') index++;
    else if (char === '"') quoteAt = quoteAt === undefined ? index : undefined;
    else if (quoteAt === undefined && isBlank(char)) break;
  }
  if (quoteAt === undefined) return index;
  throw new Refusal(
    { ...start, column: start.column + quoteAt },
    'a quote is opened and not closed',
    'a value with blanks is written why="no seat"',
  );
}

function isBlank(char: string): boolean {
  return char === ' ' || char === '\t' || char === '\r';
}

/** Walks over the words of one line; what is missing or left over is refused with its position. */
export class LineReader {
  readonly line: Line;
  #index = 0;

  constructor(line: Line) {
    this.line = line;
  }

  peek(): Token | undefined {
    return this.line.tokens[this.#index];
  }

  /** The next word; `expected` says what should stand there, for the message at the end of the line. */
  next(expected: string): Token {
    const token = this.peek();
    if (!token) throw new Refusal(this.end(), 'the line ends too early', expected);
    this.#index++;
    return token;
  }

  /** Takes the next word if it is `word`. */
  take(word: string): Token | undefined {
    const token = this.peek();
    if (token?.text !== word) return undefined;
    this.#index++;
    return token;
  }

  /** Refuses what is left over. */
  done(expected: string): void {
    const token = this.peek();
    if (token) throw new Refusal(token.position, `${quote(token.text)} is too much here`, expected);
  }

  /** The column after the last word. */
  end(): Position {
    const last = this.line.tokens.at(-1)!;
    return { ...last.position, column: last.position.column + last.text.length };
  }
}

/** The same token from `offset` on, with its true column. */
export function partOf(token: Token, offset: number, end = token.text.length): Token {
  const { position } = token;
  return {
    text: token.text.slice(offset, end),
    position: { ...position, column: position.column + offset },
  };
}
