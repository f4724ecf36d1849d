import { eagerness, LOOKS_FOR_MS } from './eagerness.ts';

interface UntilOptions {
  readonly look?: () => Promise<void>;
  readonly leastMs?: number;
  readonly soon?: boolean;
}

export interface PatienceOptions {
  /** Real time that something may take before it counts as stalled. */
  readonly stallMs: number;
  /** Called now and then while we wait; true: there is nothing more to wait for. */
  readonly givesUp: () => boolean;
  /** Called once the time is up; throws. */
  readonly stalled: (held: string) => never;
}

/** Waits in real time for what a client does, within its bound. */
export class Patience {
  readonly #options: PatienceOptions;
  #wake: (() => void) | undefined;

  constructor(options: PatienceOptions) {
    this.#options = options;
  }

  /** Something has come that somebody may wait for. */
  readonly wake = (): void => this.#wake?.();

  /** 0: only what has come already is heard. */
  async pause(ms: number): Promise<void> {
    if (ms === 0) return new Promise((resolve) => void setImmediate(resolve));
    let timer: NodeJS.Timeout | undefined;
    await new Promise<void>((resolve) => {
      this.#wake = resolve;
      timer = setTimeout(resolve, ms);
    });
    clearTimeout(timer);
    this.#wake = undefined;
  }

  /**
   * Looks after each time of `looksMs`, the last of them for ever, until `isDone`, or until there is nothing more to wait for.
   * `held` says what it waited for when it took too long, which is at least `leastMs`. `soon`: it is looked for without sleeping at first.
   */
  async until(
    isDone: () => boolean,
    looksMs: readonly number[],
    held: () => string | Promise<string>,
    { look, leastMs = 0, soon = false }: UntilOptions = {},
  ): Promise<void> {
    if (isDone()) return;
    const { stallMs, givesUp, stalled } = this.#options;
    const boundMs = Math.max(stallMs, leastMs);
    const started = performance.now();
    eagerness.begin();
    try {
      if (soon) {
        while (!isDone() && performance.now() - started < LOOKS_FOR_MS) await this.pause(0);
        eagerness.looked(performance.now() - started);
      }
      for (let looks = 0; !isDone(); looks++) {
        await this.pause(looksMs[Math.min(looks, looksMs.length - 1)]!);
        if (isDone() || givesUp()) return;
        if (performance.now() - started > boundMs) stalled(await held());
        await look?.();
      }
    } finally {
      eagerness.end();
    }
  }
}
