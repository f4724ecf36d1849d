import type { Bugs } from './bugs.ts';

const SECTION = '[ForbiddenPrograms]\r\n';

/** The programs that the last configuration forbids (docs/wire-protocol.md, section 8), with or without a server (Q244906). */
export class ForbiddenPrograms {
  readonly #bugs: Bugs;
  #names: ReadonlySet<string> = new Set();

  /** `content`: of the configuration that was downloaded last, if there is one. */
  constructor(content: Uint8Array | undefined, bugs: Bugs) {
    this.#bugs = bugs;
    if (content) this.learn(content);
  }

  learn(content: Uint8Array): void {
    this.#names = namesIn(Buffer.from(content).toString('utf8'));
  }

  /** A renamed program is known by its original name (Q250976). */
  has(program: string, originalName: string): boolean {
    if (this.#names.has(program.toLowerCase())) return true;
    return !this.#bugs.has('renamed-forbidden') && this.#names.has(originalName.toLowerCase());
  }
}

/** The section ends with the text or where the next one begins; the list behind it may have megabytes. */
function namesIn(text: string): ReadonlySet<string> {
  const begin = text.startsWith(SECTION) ? 0 : text.indexOf(`\n${SECTION}`) + 1;
  if (!text.startsWith(SECTION, begin)) return new Set();
  const end = text.indexOf('\n[', begin);
  const lines = text.slice(begin + SECTION.length, end < 0 ? undefined : end).split('\r\n');
  return new Set(
    lines.flatMap((line) => {
      const equals = line.lastIndexOf('=');
      return line.slice(equals + 1) === '1' ? line.slice(0, equals).toLowerCase() : [];
    }),
  );
}
