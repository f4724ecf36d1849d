// Semantic events from what a client says of itself, by the patterns of its profile. Lines in, events out: no process.
import { createContext, Script } from 'node:vm';
import { HarnessError } from './process.ts';

/** One pattern of a profile. */
export interface Annotation {
  /** `stdout`, `stderr`, or the path of a file in the work folder, with templates. */
  readonly from: string;
  /** A regular expression; its named groups become fields, and `server` names the server. */
  readonly pattern: string;
  /** A word of the semantic vocabulary. */
  readonly event: string;
  /** The server, where the line does not name it. */
  readonly server?: string | undefined;
  readonly fields: Readonly<Record<string, string | number | boolean>>;
}

export interface Told {
  /** As the line names it: a name, an address, or `host:port`. */
  readonly server: string | undefined;
  readonly event: string;
  readonly fields: Readonly<Record<string, string | number | boolean>>;
}

/** Longer lines are looked at up to here. */
export const MAX_LINE = 4096;
const MAX_VALUE = 200;
/** For all patterns and all lines of one chunk: a pattern that takes longer never ends. */
const BUDGET_MS = 1_000;

interface Pattern extends Annotation {
  readonly expression: RegExp;
}

/** The lines of one stream of one process. */
export class Annotator {
  readonly #from: string;
  readonly #patterns: readonly Pattern[];
  #rest = '';
  #isCut = false;
  #line = 0;

  constructor(from: string, annotations: readonly Annotation[]) {
    this.#from = from;
    this.#patterns = annotations
      .filter((annotation) => annotation.from === from)
      .map((annotation) => ({ ...annotation, expression: new RegExp(annotation.pattern, 'u') }));
  }

  /** Throws a HarnessError when a pattern takes forever. */
  push(chunk: Buffer): readonly Told[] {
    if (this.#patterns.length === 0) return [];
    const parts = chunk.toString('latin1').split('\n');
    const lines: string[] = [];
    for (const [index, part] of parts.entries()) {
      if (index > 0) {
        lines.push(this.#rest);
        this.#rest = '';
        this.#isCut = false;
      }
      if (!this.#isCut) this.#rest += part.slice(0, MAX_LINE - this.#rest.length);
      this.#isCut = this.#rest.length >= MAX_LINE;
    }
    return this.#match(lines);
  }

  /** A last line without a newline. */
  end(): readonly Told[] {
    const rest = this.#rest;
    this.#rest = '';
    return rest === '' ? [] : this.#match([rest]);
  }

  #match(lines: readonly string[]): readonly Told[] {
    const texts = lines.map((line) => Buffer.from(line, 'latin1').toString().replace(/\r$/, ''));
    const found = withinBudget(() =>
      texts.map((text) => this.#patterns.map(({ expression }) => expression.exec(text))),
    );
    if (!found)
      throw new HarnessError(
        `the patterns for ${this.#from} took more than ${BUDGET_MS} ms for ${lines.length} lines: one of them goes back and forth without end (such as (a+)+); write it anew in the profile`,
      );
    return found.flatMap((matches) => {
      this.#line++;
      return matches.flatMap((match, index) =>
        match ? [this.#told(this.#patterns[index]!, match.groups ?? {})] : [],
      );
    });
  }

  #told({ event, server, fields }: Pattern, groups: Record<string, string | undefined>): Told {
    const named = Object.entries(groups).flatMap(([name, text]) =>
      name === 'server' || text === undefined ? [] : [[name.replaceAll('_', '-'), valueOf(text)]],
    );
    return {
      server: groups['server'] ?? server,
      event,
      fields: {
        ...fields,
        ...(Object.fromEntries(named) as Record<string, string | number>),
        'told-by': `${this.#from}:${this.#line}`,
      },
    };
  }
}

/** As cases write it: what reads back as the same number is one. */
function valueOf(text: string): string | number {
  const number = Number(text);
  if (/^-?\d{1,15}$/.test(text) && String(number) === text) return number;
  return text.slice(0, MAX_VALUE);
}

const context = createContext({ job: undefined as unknown });
const script = new Script('job()');

/** A regular expression is a stranger's: V8 ends it when its time is up. Undefined: it did not come to an end. */
function withinBudget<T>(job: () => T): T | undefined {
  context['job'] = job;
  try {
    return script.runInContext(context, { timeout: BUDGET_MS }) as T;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ERR_SCRIPT_EXECUTION_TIMEOUT') return undefined;
    throw error;
  } finally {
    context['job'] = undefined;
  }
}
