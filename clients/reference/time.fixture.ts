import type { Time } from './time.ts';

/** Time for tests: stands still until it is moved. */
export class ManualTime implements Time {
  #elapsedMs = 0;
  #epochMs = Date.parse('1999-03-01T08:00:00.000Z');
  readonly #waits: { dueMs: number; resolve: () => void }[] = [];

  elapsedMs(): number {
    return this.#elapsedMs;
  }

  wallMs(): number {
    return this.#epochMs + this.#elapsedMs;
  }

  until(dueMs: number): Promise<void> {
    if (dueMs <= this.#elapsedMs) return Promise.resolve();
    return new Promise((resolve) => this.#waits.push({ dueMs, resolve }));
  }

  setWallClock(byMs: number): void {
    this.#epochMs += byMs;
  }

  /** Moves on to that moment, and lets happen on the way what is due. */
  async goTo(elapsedMs: number): Promise<void> {
    await settled();
    for (;;) {
      this.#waits.sort((a, b) => a.dueMs - b.dueMs);
      const next = this.#waits[0];
      if (!next || next.dueMs > elapsedMs) break;
      this.#waits.shift();
      this.#elapsedMs = next.dueMs;
      next.resolve();
      await settled();
    }
    this.#elapsedMs = elapsedMs;
  }
}

/** When all that can happen without time has happened. */
function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
