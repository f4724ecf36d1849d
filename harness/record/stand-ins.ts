import type { NameKind, StandIns } from '../../emulators/emulator.ts';

/** Names that are remembered; a field with more is not one session. */
const MAX_NAMES = 1_000_000;
/** Longer ones are taken part by part: what a stranger sends must not take our time. */
const MAX_WORD_CHARS = 600;
const WORD = /[\p{L}\p{N}_]+(?:[.@$\\-][\p{L}\p{N}_]+)*/gu;
const PART = /[\p{L}\p{N}_]+/gu;

/** Gives each name `account-1`, `workstation-2` and so on, in the order in which they are met. */
export class NameTable implements StandIns {
  readonly #kinds: ReadonlySet<NameKind>;
  readonly #names = new Map<string, string>();
  readonly #counts = { account: 0, workstation: 0 };

  /** `accounts`, `workstations`: what is replaced. */
  constructor(redacted: readonly string[]) {
    const kinds = (['account', 'workstation'] as const).filter((kind) =>
      redacted.includes(`${kind}s`),
    );
    this.#kinds = new Set(kinds);
  }

  name(kind: NameKind, name: string): string {
    if (!this.#kinds.has(kind) || name === '') return name;
    const known = this.#names.get(name);
    if (known !== undefined) return known;
    if (this.#names.size >= MAX_NAMES) return `${kind}-x`;
    const standIn = `${kind}-${++this.#counts[kind]}`;
    this.#names.set(name, standIn);
    return standIn;
  }

  /** The longest words first: `bob-pc` before `bob`. Numbers alone and single letters are too common to be names. */
  text(text: string): string {
    if (this.#names.size === 0) return text;
    return text.replaceAll(WORD, (word) => this.#word(word));
  }

  #word(word: string): string {
    const whole = this.#standInFor(word);
    if (whole !== undefined) return whole;
    const joint = /[.@$\\-](?=[^.@$\\-]*$)/.exec(word);
    if (!joint) return word;
    if (word.length > MAX_WORD_CHARS)
      return word.replaceAll(PART, (part) => this.#standInFor(part) ?? part);
    // From the left the longest beginning that is a name, and then the rest.
    const ends = [...word.matchAll(PART)].map(({ index, 0: part }) => index + part.length);
    for (const [place, end] of [...ends.entries()].toReversed()) {
      const found = this.#standInFor(word.slice(0, end));
      if (found !== undefined)
        return found + (place < ends.length - 1 ? this.#rest(word, end) : '');
    }
    return word.slice(0, ends[0]) + this.#rest(word, ends[0]!);
  }

  #rest(word: string, end: number): string {
    return end >= word.length ? '' : word[end]! + this.#word(word.slice(end + 1));
  }

  #standInFor(word: string): string | undefined {
    return word.length < 2 || /^\d+$/.test(word) ? undefined : this.#names.get(word);
  }
}
