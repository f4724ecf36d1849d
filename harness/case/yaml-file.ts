// A YAML text with the positions of its parts. Only the plain core of YAML is let through.
import {
  type Document,
  isMap,
  isNode,
  isScalar,
  LineCounter,
  type Node,
  parseDocument,
  visit,
} from 'yaml';
import { type Problem, quote, Refusal } from './errors.ts';
import { type Line, readLine } from './notation/line.ts';
import type { Position } from './plan.ts';

/** Counted as yaml does: a pair and its value are two. */
const MAX_DEPTH = 12;
const MAX_LINES = 2000;
const MAX_LINE_LENGTH = 1000;

const NESTED = 'the text is nested too deeply';
const FLAT = 'a case is a flat list of fields';

export type Path = readonly PropertyKey[];

export class YamlFile {
  readonly #file: string;
  readonly #text: string;
  readonly #lines = new LineCounter();
  readonly #document: Document.Parsed;

  /** Throws a Refusal when the text is no YAML at all; what is found in it is told by `problems`. */
  constructor(text: string, file: string) {
    this.#file = file;
    this.#text = text;
    refuseUnwieldy(text, file);
    try {
      this.#document = parseDocument(text, {
        lineCounter: this.#lines,
        prettyErrors: false,
        // Quadratic in yaml; `problems` does it in linear time.
        uniqueKeys: false,
      });
    } catch (error) {
      // The parser recurses: brackets nested ten thousand deep exhaust the stack.
      if (!(error instanceof RangeError)) throw error;
      throw new Refusal(this.start(), NESTED, FLAT);
    }
  }

  /** The first character of the file. */
  start(): Position {
    return { file: this.#file, line: 1, column: 1 };
  }

  /** Errors of syntax, and what YAML allows but a case file does not have. */
  problems(): readonly Problem[] {
    const document = this.#document;
    const errors = [...document.errors, ...document.warnings];
    if (errors.length > 0)
      return errors.map(({ pos, message }) => ({
        position: this.#at(pos[0]),
        what: `this is not YAML: ${clean(message)}`,
        right:
          'text with special characters at its start is written in quotes, lines of notation after |',
      }));
    const problems: Problem[] = [];
    const refuse = (node: unknown, what: string, right: string): void => {
      problems.push({ position: this.#of(node) ?? this.start(), what, right });
    };
    const check = (node: Node, depth: number): symbol | undefined => {
      if (depth > MAX_DEPTH) {
        refuse(node, NESTED, FLAT);
        return visit.BREAK;
      }
      if ('anchor' in node && node.anchor !== undefined)
        refuse(node, `&${clip(node.anchor)} is an anchor`, 'a case has no aliases: leave it out');
      if (node.tag?.startsWith('!'))
        refuse(node, `${clip(node.tag)} is a tag`, 'a case has no tags: leave it out');
      return undefined;
    };
    visit(document, {
      Alias: (_, node) =>
        refuse(node, `*${clip(node.source)} is an alias`, 'write the value out, or quote it'),
      Node: (_, node, path) => check(node, path.length),
      Map: (_, map, path) => {
        const seen = new Map<string, Position>();
        for (const { key } of map.items) {
          const name = keyText(key);
          const before = seen.get(name);
          if (before)
            refuse(key, `${quote(name)} is given twice`, `it was given on line ${before.line}`);
          else seen.set(name, this.#of(key) ?? this.start());
        }
        return check(map, path.length);
      },
    });
    return problems;
  }

  /** The content as plain data. Call it only when `problems` found nothing. */
  data(): unknown {
    return this.#document.toJS({ maxAliasCount: 0 });
  }

  /** Where the value at `path` stands; the nearest part above it that exists, where it is missing. */
  position(path: Path): Position {
    return this.#of(this.#walk(path)) ?? this.start();
  }

  /** Where the key at the end of `path` stands. */
  keyPosition(path: Path): Position {
    const parent = this.#walk(path.slice(0, -1));
    const pair = isMap(parent)
      ? parent.items.find(({ key }) => keyText(key) === String(path.at(-1)))
      : undefined;
    return this.#of(pair?.key) ?? this.position(path);
  }

  /**
   * The lines of notation in a text field, with their positions in the file: a block `|`, or plain text on one line.
   * Lines that cannot be cut into words, and other ways to write text, are added to `problems`.
   */
  notation(field: string, problems: Problem[]): readonly Line[] {
    const node = this.#walk([field]);
    if (!isScalar(node) || !node.range) return [];
    const [begin, end] = node.range;
    const isBlock = node.type === 'BLOCK_LITERAL';
    const source = this.#text.slice(begin, end);
    if (!isBlock && (node.type !== 'PLAIN' || source.includes('\n'))) {
      problems.push({
        position: this.#at(begin),
        what: `the lines of ${field} are not written as a block`,
        right: `write "${field}: |" and indent the lines below it`,
      });
      return [];
    }
    const position = this.#at(begin);
    const rows = source.split('\n');
    return rows.flatMap((row, index) => {
      // The rest of the line of | is no content.
      if (isBlock && index === 0) return [];
      const column = index === 0 ? position.column : 1;
      try {
        return readLine(row, { ...position, line: position.line + index, column }) ?? [];
      } catch (error) {
        if (!(error instanceof Refusal)) throw error;
        problems.push({ position: error.position, what: error.what, right: error.right });
        return [];
      }
    });
  }

  #walk(path: Path): unknown {
    let node: unknown = this.#document.contents;
    for (const step of path) {
      const child: unknown = isMap(node)
        ? node.items.find(({ key }) => keyText(key) === String(step))?.value
        : itemsOf(node)[Number(step)];
      if (this.#of(child) === undefined) return node;
      node = child;
    }
    return node;
  }

  #of(node: unknown): Position | undefined {
    return isNode(node) && node.range ? this.#at(node.range[0]) : undefined;
  }

  #at(offset: number): Position {
    const { line, col } = this.#lines.linePos(Math.min(offset, this.#text.length));
    return { file: this.#file, line: Math.max(1, line), column: Math.max(1, col) };
  }
}

/** The YAML parser takes minutes over a line of a hundred thousand dashes or brackets: it never gets to see one. */
function refuseUnwieldy(text: string, file: string): void {
  let line = 0;
  for (let begin = 0; begin <= text.length; line++) {
    const next = text.indexOf('\n', begin);
    const end = next < 0 ? text.length : next;
    if (line >= MAX_LINES)
      throw new Refusal(
        { file, line: line + 1, column: 1 },
        `the file has more than ${MAX_LINES} lines`,
        'one behaviour a case: most have about 15 lines',
      );
    if (end - begin > MAX_LINE_LENGTH)
      throw new Refusal(
        { file, line: line + 1, column: MAX_LINE_LENGTH + 1 },
        `the line has ${end - begin} characters`,
        `at most ${MAX_LINE_LENGTH}`,
      );
    begin = end + 1;
  }
}

function itemsOf(node: unknown): readonly unknown[] {
  return typeof node === 'object' && node !== null && 'items' in node && Array.isArray(node.items)
    ? node.items
    : [];
}

function keyText(key: unknown): string {
  return isScalar(key) ? String(key.value) : '';
}

function clip(text: string): string {
  return text.slice(0, 40);
}

function clean(message: string): string {
  // The parser reports its own exhausted stack as an error of the text.
  if (message.includes('call stack')) return NESTED;
  const line = message.split('\n')[0]!;
  return line.length > 120 ? `${line.slice(0, 120)}…` : line;
}
