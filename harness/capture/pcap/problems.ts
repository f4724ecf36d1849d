/** A file that is no capture, or from which nothing can be read; the message begins with file and byte offset. */
export class CaptureError extends Error {
  override readonly name = 'CaptureError';
}

export interface Problem {
  /** Byte offset in the file of the first place, undefined where there is none. */
  readonly offset: number | undefined;
  readonly text: string;
  readonly count: number;
}

/** What is wrong with a capture, each kind once with its first place and how often it came. */
export class Problems {
  readonly #found = new Map<string, { offset: number | undefined; text: string; count: number }>();

  /** `kind` groups; only the first text of a kind is kept. */
  add(kind: string, offset: number | undefined, text: string): void {
    const known = this.#found.get(kind);
    if (known) known.count++;
    else this.#found.set(kind, { offset, text, count: 1 });
  }

  /** In the order in which they were first seen. */
  list(): readonly Problem[] {
    return [...this.#found.values()];
  }
}

/** `field.pcap: at byte 4711: …; 3 times` */
export function problemText(file: string, { offset, text, count }: Problem): string {
  const place = offset === undefined ? '' : `at byte ${offset}: `;
  const times = count > 1 ? ` (the first of ${count} times)` : '';
  return `${file}: ${place}${text}${times}`;
}
